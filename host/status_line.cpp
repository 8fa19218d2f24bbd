#include "host/status_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include <fmt/format.h>

namespace ar::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr int kBarCells = 20;
constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

const char* level_name(base::Level level) {
  switch (level) {
    case base::Level::kTrace: return "TRACE";
    case base::Level::kDebug: return "DEBUG";
    case base::Level::kInfo:
    case base::Level::kInfoClean: return "INFO";
    case base::Level::kWarning: return "WARNING";
    case base::Level::kError: return "ERROR";
    case base::Level::kCritical: return "CRITICAL";
  }
  return "";
}

const char* level_colour(base::Level level) {
  switch (level) {
    case base::Level::kTrace: return "\033[36;1m";
    case base::Level::kDebug: return "\033[34;1m";
    case base::Level::kWarning: return "\033[33;1m";
    case base::Level::kError:
    case base::Level::kCritical: return "\033[31;1m";
    default: return "\033[38;20m";
  }
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

double resident_gib() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / kGiB;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

StatusLine& StatusLine::get() {
  static StatusLine line;
  return line;
}

StatusLine::StatusLine() : terminal_(isatty(STDERR_FILENO) == 1) {
  const char* no_colour = std::getenv("NO_COLOR");
  colour_ = terminal_ && (no_colour == nullptr || *no_colour == '\0');
}

void StatusLine::log(const base::LogRecord& record) {
  std::string line(record.message);
  if (record.level != base::Level::kInfoClean)
    line =
        fmt::format("{} {} {} L{}: {}", now_text(), level_name(record.level), record.file, record.line, record.message);
  if (colour_) line = level_colour(record.level) + line + "\033[0m";
  line += '\n';
  std::lock_guard<std::mutex> lock(mutex_);
  erase();
  std::fwrite(line.data(), 1, line.size(), stderr);
  draw();
}

void StatusLine::begin_unit(const std::string& name, std::int64_t index, std::int64_t total) {
  if (!terminal_) {
    base::info_clean("Quantizing {} [{}/{}]", name, index + 1, total);
    return;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (!active_) start_ = Clock::now();
  active_ = true;
  name_ = name;
  index_ = index;
  total_ = total;
  iteration_ = 0;
  iters_ = 0;
  loss_ = -1;
  erase();
  draw();
}

void StatusLine::step(std::int64_t iteration, std::int64_t iters, double loss) {
  if (!terminal_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  iteration_ = iteration;
  iters_ = iters;
  loss_ = loss;
  if (Clock::now() - last_drawn_ < kRedraw) return;
  erase();
  draw();
}

void StatusLine::end(const std::string& last_words) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    erase();
    active_ = false;
  }
  if (!last_words.empty()) base::info_clean("{}", last_words);
}

std::string StatusLine::bar_text() const {
  const double within = iters_ > 0 ? static_cast<double>(iteration_) / static_cast<double>(iters_) : 0.0;
  const double done = total_ > 0 ? (static_cast<double>(index_) + within) / static_cast<double>(total_) : 0.0;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto cells = static_cast<std::size_t>(done * kBarCells);
  std::string text = fmt::format("Quantizing {} [{}{}] {}/{}", name_, std::string(cells, '#'),
                                 std::string(kBarCells - cells, '.'), index_ + 1, total_);
  if (iters_ > 0) text += fmt::format("  iter {}/{}", iteration_, iters_);
  if (loss_ >= 0) text += fmt::format("  loss {:.6f}", loss_);
  if (done > 0) text += fmt::format("  {} left", duration_text(seconds / done * (1 - done)));
  return text + fmt::format("  {:.2f}GB", resident_gib());
}

void StatusLine::draw() {
  if (!active_) return;
  const auto text = bar_text().substr(0, terminal_width() - 1);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  drawn_ = true;
  last_drawn_ = Clock::now();
}

void StatusLine::erase() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace ar::host
