#include "tests/cli/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace ar::cli {
namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  }
  std::array<int, 2> ends{};
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment(const RunSettings& settings) {
  std::map<std::string, std::string> all{
      {"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}, {"HOME", settings.folder.string()}};
  for (const char* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(kept)) all[kept] = value;
  }
  for (const auto& [name, value] : settings.env) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

/// Reads both pipes until the program has closed them.
void collect(int pid, int out, int err, Result& result, const RunSettings& settings) {
  std::array<pollfd, 2> files{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  int open = 2;
  while (open > 0) {
    poll(files.data(), files.size(), -1);
    for (auto& file : files) {
      if (file.fd < 0 || file.revents == 0) continue;
      std::array<char, 65536> buffer;
      const auto n = read(file.fd, buffer.data(), buffer.size());
      if (n <= 0) {
        close(file.fd);
        file.fd = -1;
        --open;
        continue;
      }
      (file.fd == out ? result.out : result.err).append(buffer.data(), static_cast<std::size_t>(n));
      if (file.fd == err && settings.on_err) settings.on_err(pid, result.err);
    }
  }
}

}  // namespace

Result run_program(const std::string& name, const std::vector<std::string>& args, const RunSettings& settings) {
  const std::string path = std::string(AR_BINARY_DIR) + "/bin/" + name;
  std::vector<std::string> argv{path};
  argv.insert(argv.end(), args.begin(), args.end());
  auto env = environment(settings);
  const auto argv_pointers = pointers(argv);
  const auto env_pointers = pointers(env);
  Pipe out, err;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(out.ends[1], STDOUT_FILENO);
    dup2(err.ends[1], STDERR_FILENO);
    if (chdir(settings.folder.c_str()) == 0) execve(path.c_str(), argv_pointers.data(), env_pointers.data());
    _exit(127);
  }
  close(out.ends[1]);
  close(err.ends[1]);
  Result result;
  collect(pid, out.ends[0], err.ends[0], result, settings);
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  result.peak_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> result;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line + " ") {
    if (c == '\'') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any || !word.empty()) result.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
    }
  }
  return result;
}

}  // namespace ar::cli
