#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/base/log.hpp"

namespace ar::host {

/// stderr: log lines, and on a terminal a progress bar that stays below them. All functions [any].
class StatusLine {
 public:
  /// The only one of the process. Colours on a terminal and without NO_COLOR.
  static StatusLine& get();

  void log(const base::LogRecord& record);

  /// A unit of work has begun. Off a terminal this is a line of the log.
  void begin_unit(const std::string& name, std::int64_t index, std::int64_t total);
  /// The bar is redrawn ten times a second at most.
  void step(std::int64_t iteration, std::int64_t iters, double loss);
  void end(const std::string& last_words);

 private:
  StatusLine();
  std::string bar_text() const;
  void draw();   // mutex_ held
  void erase();  // mutex_ held

  std::mutex mutex_;
  bool terminal_ = false;
  bool colour_ = false;
  bool active_ = false;
  bool drawn_ = false;
  std::string name_;
  std::int64_t index_ = 0;
  std::int64_t total_ = 0;
  std::int64_t iteration_ = 0;
  std::int64_t iters_ = 0;
  double loss_ = -1;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_drawn_;
};

}  // namespace ar::host
