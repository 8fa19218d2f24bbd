#include "source_files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::gguf {

bool SourceFiles::has(std::string_view name) const {
  std::error_code error;
  return std::filesystem::is_regular_file(path(name), error);
}

std::string SourceFiles::text(std::string_view name) const {
  if (!has(name)) return "";
  std::ifstream file(path(name), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw Error(AR_IO, path(name) + ": cannot be read");
  return bytes;
}

boost::json::object SourceFiles::json(std::string_view name) const {
  return has(name) ? formats::parse_object(text(name), path(name)) : boost::json::object();
}

}  // namespace ar::gguf
