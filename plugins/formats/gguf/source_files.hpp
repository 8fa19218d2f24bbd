#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace ar::gguf {

/// Text and JSON files of the source model's folder. Files that are not there read as "" and {}.
class SourceFiles {
 public:
  explicit SourceFiles(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  bool has(std::string_view name) const;
  std::string text(std::string_view name) const;
  /// Throws naming file and position when it is no JSON object.
  boost::json::object json(std::string_view name) const;

 private:
  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  std::string folder_;
};

}  // namespace ar::gguf
