#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/temporary_folder.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// Where the tokenizer and whatever else travels with a model lie: in its folder; for a model in one file in
/// --tokenizer, else beside the file, else in a folder that holds the file's own tokenizer as long as this lives.
class SideFolder {
 public:
  /// `tokenizer` is the value of --tokenizer, "" when it is not given. Refuses a tokenizer that cannot be had.
  SideFolder(plugin::Registry& registry, const std::filesystem::path& model, const std::string& tokenizer);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<base::TemporaryFolder> own_;
};

}  // namespace ar::engine
