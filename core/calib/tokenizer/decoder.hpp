#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ar::calib {

/// Rewrites the tokens so that their concatenation is the text. Empty function: they are joined
/// with blanks. Const calls are thread-safe.
using Decoder = std::function<void(std::vector<std::string>& tokens)>;

/// Reads the "decoder" of a tokenizer.json. Fails on a type it does not know.
Decoder make_decoder(const base::JsonCursor& json);

}  // namespace ar::calib
