#pragma once

#include <cstdint>
#include <string>

#include "metadata.hpp"
#include "source_files.hpp"

namespace ar::gguf {

/// The key of a special token's id: "bos" to "tokenizer.ggml.bos_token_id".
std::string special_token_key(const std::string& kind);

struct SpecialTokenOptions {
  bool merges = false;   // byte-level BPE: merges come first
  int64_t n_vocab = 0;   // ids from here on are left out; 0: none
};

/// Merges, special ids, add_* flags and chat templates, in llama.cpp's order (formats.md 6.8): from tokenizer.json and
/// tokenizer_config.json, ids else from config.json.
void add_special_tokens(const SourceFiles& source, const SpecialTokenOptions& options, Metadata& metadata);

}  // namespace ar::gguf
