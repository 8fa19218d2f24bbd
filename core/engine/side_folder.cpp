#include "core/engine/side_folder.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/source_file.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::array kTokenizers{"tokenizer.json", "tokenizer.model"};

bool has_tokenizer(const fs::path& folder) {
  return std::any_of(kTokenizers.begin(), kTokenizers.end(),
                     [&](const char* name) { return fs::exists(folder / name); });
}

}  // namespace

SideFolder::SideFolder(plugin::Registry& registry, const fs::path& model, const std::string& tokenizer) : path_(model) {
  if (!fs::is_regular_file(model)) {
    if (tokenizer.empty()) return;
    base::refuse("--tokenizer {}: the model is a folder and has its own; the option is for a model in one .gguf file",
                 tokenizer);
  }
  path_ = tokenizer.empty() ? fs::absolute(model).parent_path() : fs::path(tokenizer);
  if (has_tokenizer(path_)) return;
  if (!tokenizer.empty())
    base::refuse("--tokenizer {}: there is neither {} nor {}", tokenizer, kTokenizers[0], kTokenizers[1]);
  own_.emplace();
  SourceFile(source_plugin(registry, model), model).write_tokenizer(own_->path());
  path_ = own_->path();
  base::info("{}: the tokenizer is the file's own", model.string());
}

}  // namespace ar::engine
