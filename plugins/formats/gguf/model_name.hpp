#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "header.hpp"

namespace ar::gguf {

/// What a model's name says, "" for what it does not (formats.md 6.2).
struct NameParts {
  std::string organization, basename, size_label, finetune, version;
  std::string full;  // the name without its organization
};

/// "org/Qwen3-0.6B-Instruct" and the like. n_parameters tells a size from a context length; 0: not known.
NameParts parse_model_name(std::string_view id, int64_t n_parameters);
/// "meta-llama" -> "Meta Llama": words in lower case get a capital, versions and numbers do not.
std::string title(std::string_view id);

/// "1.4M", "8x7B": elements of all tensors, or experts x (shared + one expert).
std::string size_label(const std::vector<TensorEntry>& tensors);
int64_t n_parameters(const std::vector<TensorEntry>& tensors);

/// Name of the file without ".gguf".
std::string file_stem(std::string_view model, const NameParts& parts, std::string_view encoding);

}  // namespace ar::gguf
