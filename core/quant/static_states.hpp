#pragma once

#include <string>

/// Static FP8 scales of what attention multiplies, as plain data.
namespace ar::quant {

/// What shares a scale: all of a layer's keys (or values, or queries), or one head of them.
enum class Granularity { kTensor, kHead };
const char* granularity_name(Granularity granularity);

/// The states whose scales are calibrated and stored. Element types are spelled as the user did: configs repeat them.
struct StaticStates {
  std::string kv_dtype;         // "fp8", "float8_e4m3fn"; empty: not asked for
  std::string attention_dtype;  // likewise; keys and values are then included
  Granularity granularity = Granularity::kTensor;

  bool any() const { return !kv_dtype.empty() || !attention_dtype.empty(); }
  bool queries() const { return !attention_dtype.empty(); }
};

}  // namespace ar::quant
