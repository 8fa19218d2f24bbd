#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metadata.hpp"

namespace ar::gguf {

/// The keys tokenizer.* of a file, checked against each other: texts are UTF-8, tokens differ, arrays fit, ids exist.
struct TokenizerKeys {
  std::string model;  // "gpt2", "llama" ...
  std::string pre;    // name of the pre-tokenizer; "" when absent
  std::vector<std::string> tokens;
  std::vector<float> scores;   // one a token, or none at all
  std::vector<int32_t> types;  // one a token
  std::vector<std::pair<std::string, std::string>> merges;
  std::map<std::string, size_t> special_ids;  // by kind: "bos", "eos", "unk", "sep", "pad", "mask"
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  std::vector<std::pair<std::string, std::string>>
      chat_templates;  // name and text; the one without a name is "default"
};

/// Throws ar::Error that names the key: AR_NOT_FOUND when there is no tokenizer, AR_INVALID_ARGUMENT for a damaged one.
TokenizerKeys read_tokenizer_keys(const Metadata& metadata);

}  // namespace ar::gguf
