#pragma once

#include <vector>

#include "ar/cpp/format_plugin.hpp"
#include "metadata.hpp"

namespace ar::gguf {

/// tokenizer.json and tokenizer_config.json that say what the keys tokenizer.* of a file say, and a tokenizer.model
/// where tokens have scores. Vocabularies of byte-level BPE ("gpt2") and SentencePiece ("llama"); throws AR_UNSUPPORTED
/// with key and value for others.
std::vector<NamedFile> source_tokenizer(const Metadata& metadata);

}  // namespace ar::gguf
