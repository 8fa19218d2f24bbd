#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ar::gguf {

/// A piece of a SentencePiece model; type as in its file: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused,
/// 6 byte.
struct Piece {
  std::string text;
  float score = 0.0F;
  int type = 1;
};

/// The pieces of a tokenizer.model, in id order. Throws when the bytes are torn.
std::vector<Piece> read_sentencepiece(std::string_view model);

/// A tokenizer.model of byte-pair encoding with these pieces; `prefix`: a blank is put before a text.
std::string write_sentencepiece(const std::vector<Piece>& pieces, bool prefix);

}  // namespace ar::gguf
