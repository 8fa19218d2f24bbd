#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ar::calib {

/// A part of the text on its way to the model. Never empty.
struct Piece {
  std::string text;
  bool at_start = false;          // begins where the whole text begins
  std::int32_t added_token = -1;  // id when the piece is an added token, which nothing splits further
};
using Pieces = std::vector<Piece>;

/// Splits one piece and appends the parts. Empty function: no splitting. Const calls are thread-safe.
using PreTokenizer = std::function<void(Piece piece, Pieces& out)>;

/// Reads the "pre_tokenizer" of a tokenizer.json. Fails on a type it does not know.
PreTokenizer make_pre_tokenizer(const base::JsonCursor& json);

/// How Metaspace treats the beginning of a piece.
enum class PrependScheme { kAlways, kFirst, kNever };

struct Metaspace {
  std::string replacement;  // one character
  PrependScheme prepend = PrependScheme::kAlways;
  bool split = true;
};

/// Shared by the pre-tokenizer and the decoder of that name; knows the older `add_prefix_space`.
Metaspace parse_metaspace(const base::JsonCursor& json);

}  // namespace ar::calib
