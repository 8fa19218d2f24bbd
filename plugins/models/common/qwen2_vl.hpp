#pragma once

#include "plugins/models/common/decoder_spec.hpp"

namespace ar::models {

/// What Qwen2-VL and Qwen2.5-VL have in common, which is all but names and the tower. Reference: transformers 5.23.0
/// Qwen2VLTextConfig, Qwen2_5_VLTextConfig.
DecoderSpec qwen2_vl_spec(const char* model_type, const char* architecture, const char* attention, DescribeTower tower);

}  // namespace ar::models
