#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>

#include "core/plugin/registry.hpp"

namespace ar::plugin {

/// Where tests/plugins puts its libraries.
inline std::filesystem::path fixtures() { return std::filesystem::path(AR_BINARY_DIR) / "tests/plugins"; }

/// A folder of its own with copies of some fixtures; removed at the end. The name has a blank and non-ASCII letters, as
/// some users' folders do.
class FixtureFolder {
 public:
  explicit FixtureFolder(std::initializer_list<const char*> names) : FixtureFolder() {
    for (const char* name : names) add(fixtures() / (std::string(name) + ".format.so"));
  }
  FixtureFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plugin ordnér XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~FixtureFolder() { std::filesystem::remove_all(path_); }
  FixtureFolder(const FixtureFolder&) = delete;
  FixtureFolder& operator=(const FixtureFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void add(const std::filesystem::path& file, const std::string& as = "") const {
    std::filesystem::copy_file(file, path_ / (as.empty() ? file.filename().string() : as));
  }
  SearchOptions options() const {
    SearchOptions options;
    options.dirs = {path_.string()};
    options.build_tag = "torch=9.9.9";
    return options;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ar::plugin
