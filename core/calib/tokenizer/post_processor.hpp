#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/json.hpp"

namespace ar::calib {

/// Adds the special tokens of a single sequence. Empty function: none. Const calls are thread-safe.
using PostProcessor = std::function<void(std::vector<std::int32_t>& ids)>;

/// Reads the "post_processor" of a tokenizer.json. Fails on a type it does not know.
PostProcessor make_post_processor(const base::JsonCursor& json);

}  // namespace ar::calib
