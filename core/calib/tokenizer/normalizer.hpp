#pragma once

#include <functional>
#include <string>

#include "core/base/json.hpp"

namespace ar::calib {

/// Rewrites a text in place. Empty function: nothing to do. Const calls are thread-safe.
using Normalizer = std::function<void(std::string& text)>;

/// Reads the "normalizer" of a tokenizer.json. Fails on a type it does not know.
Normalizer make_normalizer(const base::JsonCursor& json);

}  // namespace ar::calib
