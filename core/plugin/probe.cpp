#include "core/plugin/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace ar::plugin {
namespace {

constexpr int kPatienceMs = 20'000;  // for one library; LibTorch itself takes a third of a second

[[noreturn]] void child(int out, std::size_t first, std::size_t n, const std::function<void(std::size_t)>& open) {
  for (const int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(s, SIG_DFL);
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  for (std::size_t i = first; i < n; ++i) {
    try {
      open(i);
    } catch (...) {
      // The parent meets the same failure and reports it.
    }
    const char done = 1;
    if (::write(out, &done, 1) != 1) break;
  }
  ::_exit(0);
}

/// Counts the child's reports until it ends; false when it stopped reporting.
bool count_reports(int in, std::size_t& reports) {
  while (true) {
    pollfd waiting{in, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    char byte = 0;
    const ssize_t got = ::read(in, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    ++reports;
  }
}

std::string how_it_ended(pid_t pid, bool in_time) {
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fmt::format("opening it did not end within {} seconds", kPatienceMs / 1000);
  if (WIFSIGNALED(status)) {
    return fmt::format("opening it crashes (signal {}, {})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("opening it ends the process (exit status {})", WEXITSTATUS(status));
}

}  // namespace

std::vector<std::string> try_in_child(std::size_t n, const std::function<void(std::size_t)>& open) {
  std::vector<std::string> outcomes(n);
  for (std::size_t first = 0; first < n;) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return outcomes;
    const pid_t pid = ::fork();
    if (pid == 0) child(ends[1], first, n, open);
    ::close(ends[1]);
    std::size_t survived = 0;
    const bool in_time = pid > 0 && count_reports(ends[0], survived);
    ::close(ends[0]);
    if (pid < 0) return outcomes;
    const std::string ending = how_it_ended(pid, in_time);
    first += survived;
    if (first < n) outcomes[first++] = ending;
  }
  return outcomes;
}

}  // namespace ar::plugin
