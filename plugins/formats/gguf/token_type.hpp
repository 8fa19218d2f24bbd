#pragma once

#include <cstdint>

namespace ar::gguf {

/// Items of tokenizer.ggml.token_type; those of SentencePiece's own files.
enum TokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

}  // namespace ar::gguf
