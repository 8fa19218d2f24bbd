#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace ar::base {

/// Exit status of the program (docs/cli.md). Never renumbered.
enum class Exit : int {
  kDone = 0,
  kFailed = 1,         // run-time failure
  kUsage = 2,          // usage and every pre-flight or configuration error
  kPlugin = 3,         // a plugin that was asked for is unusable
  kInterrupted = 130,  // SIGINT
  kNoData = 255,       // no calibration data
};

/// A failure with the sentence the user reads and the status the program ends with.
/// The sentence names the file, tensor or flag, the value, and what is accepted.
class Error : public std::runtime_error {
 public:
  Error(Exit exit, const std::string& text) : std::runtime_error(text), exit_(exit) {}
  Exit exit() const noexcept { return exit_; }

 private:
  Exit exit_;
};

/// Throws Error(kFailed): bad data or a failing system call.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  throw Error(Exit::kFailed, fmt::format(text, std::forward<Args>(args)...));
}

/// Throws Error(kUsage): the request itself cannot be served.
template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw Error(Exit::kUsage, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace ar::base
