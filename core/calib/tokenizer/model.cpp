#include "core/calib/tokenizer/model.hpp"

#include "core/calib/tokenizer/bpe.hpp"
#include "core/calib/tokenizer/unigram.hpp"
#include "core/calib/tokenizer/wordpiece.hpp"

namespace ar::calib {
namespace {

/// Files from before the type was written down.
std::string guess_type(const base::JsonCursor& json) {
  if (json.find("merges")) return "BPE";
  if (json.at("vocab").is_array()) return "Unigram";
  return "WordPiece";
}

}  // namespace

std::unique_ptr<TokenModel> make_token_model(const base::JsonCursor& json) {
  const auto named = json.find("type");
  const auto type = named ? named->as_string() : guess_type(json);
  if (type == "BPE") return std::make_unique<Bpe>(json);
  if (type == "Unigram") return std::make_unique<Unigram>(json);
  if (type == "WordPiece") return std::make_unique<WordPiece>(json);
  json.fail("has the unknown type \"" + type + "\"; known are BPE, Unigram and WordPiece");
}

}  // namespace ar::calib
