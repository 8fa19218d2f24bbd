#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "core/base/temporary_folder.hpp"

namespace ar::test {

/// A folder of its own for one test, removed with it.
class TempFolder : public base::TemporaryFolder {
 public:
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return path() / name;
  }
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Names of the files in a folder; none when it is not there.
inline std::set<std::string> list_folder(const std::filesystem::path& path) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(path, error))
    names.insert(item.path().filename().string());
  return names;
}

}  // namespace ar::test
