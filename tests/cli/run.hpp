#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ar::cli {

struct Result {
  int status = 0;  // exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
  std::int64_t peak_bytes = 0;  // resident at most, pages of the checkpoint included
};

struct RunSettings {
  std::filesystem::path folder;            // where it runs
  std::map<std::string, std::string> env;  // on top of a small fixed environment; the tester's own is not passed on
  std::function<void(int pid, const std::string& err)> on_err;  // after every piece of stderr, with all of it so far
};

/// Runs a program of the build, such as "auto-round-light", and waits for it.
Result run_program(const std::string& name, const std::vector<std::string>& args, const RunSettings& settings);

/// "--iters 2 --asym" -> words; a part in single quotes is one word.
std::vector<std::string> words(const std::string& line);

}  // namespace ar::cli
