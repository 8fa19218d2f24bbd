#include "core/engine/side_folder.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::array kTokenizers{"tokenizer.json", "tokenizer.model"};

bool has_tokenizer(const fs::path& folder) {
  return std::any_of(kTokenizers.begin(), kTokenizers.end(),
                     [&](const char* name) { return fs::exists(folder / name); });
}

}  // namespace

fs::path side_folder(const RunOptions& options) {
  const fs::path model = options.model;
  if (!fs::is_regular_file(model)) {
    if (!options.tokenizer.empty()) {
      base::refuse("--tokenizer {}: the model is a folder and has its own; the option is for a model in one .gguf file",
                   options.tokenizer);
    }
    return model;
  }
  if (!options.tokenizer.empty()) {
    if (has_tokenizer(options.tokenizer)) return options.tokenizer;
    base::refuse("--tokenizer {}: there is neither {} nor {}", options.tokenizer, kTokenizers[0], kTokenizers[1]);
  }
  const fs::path beside = fs::absolute(model).parent_path();
  if (has_tokenizer(beside)) return beside;
  base::refuse(
      "{}: its tokenizer is not read from the file, and there is none beside it; give --tokenizer DIR, a folder with "
      "{}",
      options.model, kTokenizers[0]);
}

}  // namespace ar::engine
