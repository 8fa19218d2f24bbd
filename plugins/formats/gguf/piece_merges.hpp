#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tokenizer_keys.hpp"

namespace ar::gguf {

/// Whether the scores of normal tokens differ. Files made from a tokenizer.json alone give all of them one score.
bool has_scores(const TokenizerKeys& keys);

/// The merges of byte-pair encoding that a SentencePiece vocabulary stands for: every way to put a normal token
/// together from two others, the tokens of highest score first. Without scores the ids tell the order of training.
std::vector<std::pair<std::string, std::string>> piece_merges(const TokenizerKeys& keys);

}  // namespace ar::gguf
