#include "core/base/log.hpp"

#include <atomic>
#include <mutex>
#include <set>

namespace ar::base {
namespace {

struct State {
  std::mutex mutex;
  LogSink sink;
  std::set<std::string> seen;
};
State& state() {
  static State s;
  return s;
}
std::atomic<int> g_level{static_cast<int>(Level::kInfo)};

}  // namespace

void set_log_sink(LogSink sink) {
  std::lock_guard<std::mutex> lock(state().mutex);
  state().sink = std::move(sink);
}

void set_log_level(Level level) { g_level = static_cast<int>(level); }
Level log_level() { return static_cast<Level>(g_level.load()); }

void log(Level level, std::string_view file, int line, std::string_view message) {
  if (level < log_level()) return;
  std::lock_guard<std::mutex> lock(state().mutex);
  if (!state().sink) return;
  const auto slash = file.rfind('/');
  state().sink({level, slash == std::string_view::npos ? file : file.substr(slash + 1), line, message});
}

void log_once(Level level, std::string_view file, int line, std::string_view message) {
  {
    std::lock_guard<std::mutex> lock(state().mutex);
    if (!state().seen.emplace(message).second) return;
  }
  log(level, file, line, message);
}

}  // namespace ar::base
