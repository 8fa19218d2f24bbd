#pragma once

#include "plugins/models/common/tower.hpp"

namespace ar::models {

// The vision towers of Qwen's models, transformers' `visual`. `config` is the whole config.json, `hidden` the width of
// the language model. Reference: transformers 5.23.0 models/qwen2_vl, qwen2_5_vl, qwen3_vl; llama.cpp
// conversion/qwenvl.py, qwen3vl.py.

Tower qwen2_tower(const Config& config, int64_t hidden, const StoredNames& stored);
Tower qwen2_5_tower(const Config& config, int64_t hidden, const StoredNames& stored);
Tower qwen3_tower(const Config& config, int64_t hidden, const StoredNames& stored);

}  // namespace ar::models
