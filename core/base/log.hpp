#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace ar::base {

/// Levels and their numbers as in upstream (cli.md 11.2); kInfoClean prints the message alone.
enum class Level : int {
  kTrace = 5,
  kDebug = 10,
  kInfo = 20,
  kInfoClean = 21,
  kWarning = 30,
  kError = 40,
  kCritical = 50,
};

struct LogRecord {
  Level level;
  std::string_view file;  // base name of the source file
  int line;
  std::string_view message;
};

/// Receives every record at or above the level, one call at a time. The library itself never prints.
using LogSink = std::function<void(const LogRecord&)>;

void set_log_sink(LogSink sink);  // [main]
void set_log_level(Level level);  // [main]
Level log_level();                // [any]
void log(Level level, std::string_view file, int line, std::string_view message);       // [any]
void log_once(Level level, std::string_view file, int line, std::string_view message);  // [any] drops exact repeats

/// A format string that remembers where it was written.
template <typename... Args>
struct Located {
  template <typename T>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal converts, as with fmt::format_string
  constexpr Located(const T& text, const char* file_ = __builtin_FILE(), int line_ = __builtin_LINE())
      : format(text), file(file_), line(line_) {}
  fmt::format_string<Args...> format;
  const char* file;
  int line;
};
template <typename T>
struct Identity {
  using type = T;
};
template <typename... Args>
using LocatedFor = Located<typename Identity<Args>::type...>;

template <typename... Args>
void log_at(Level level, const LocatedFor<Args...>& where, Args&&... args) {
  if (level < log_level()) return;
  log(level, where.file, where.line, fmt::format(where.format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(LocatedFor<Args...> text, Args&&... args) {
  log_at<Args...>(Level::kDebug, text, std::forward<Args>(args)...);
}
template <typename... Args>
void info(LocatedFor<Args...> text, Args&&... args) {
  log_at<Args...>(Level::kInfo, text, std::forward<Args>(args)...);
}
template <typename... Args>
void info_clean(LocatedFor<Args...> text, Args&&... args) {
  log_at<Args...>(Level::kInfoClean, text, std::forward<Args>(args)...);
}
template <typename... Args>
void warning(LocatedFor<Args...> text, Args&&... args) {
  log_at<Args...>(Level::kWarning, text, std::forward<Args>(args)...);
}
template <typename... Args>
void warning_once(LocatedFor<Args...> text, Args&&... args) {
  if (Level::kWarning < log_level()) return;
  log_once(Level::kWarning, text.file, text.line, fmt::format(text.format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(LocatedFor<Args...> text, Args&&... args) {
  log_at<Args...>(Level::kError, text, std::forward<Args>(args)...);
}

}  // namespace ar::base
