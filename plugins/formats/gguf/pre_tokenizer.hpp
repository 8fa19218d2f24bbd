#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ar::gguf {

/// Tokenizing this text tells the pre-tokenizers of byte-level BPE vocabularies apart.
extern const std::string_view kPreTokenizerCheck;

/// The name llama.cpp gives the pre-tokenizer that makes these ids of kPreTokenizerCheck. Throws with the digest when
/// it is not known.
std::string pre_tokenizer_name(const std::vector<int64_t>& ids);

}  // namespace ar::gguf
