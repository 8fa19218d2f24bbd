#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/tensor/real.hpp"

/// The elements that set the range of a group of activations: gradients reach the range through them. The first among
/// equals, as upstream.
namespace ar::quant {

struct Extreme {
  int64_t index;
  float value;
};

/// The first element of [begin, end) that is_further(value, best) than all before it.
template <typename IsFurther>
Extreme first_extreme(tensor::ConstReals x, int64_t begin, int64_t end, IsFurther is_further) {
  const auto scan = [&](const auto* from) {
    Extreme best{begin, tensor::to_f32(from[begin])};
    for (int64_t i = begin + 1; i < end; ++i) {
      const float value = tensor::to_f32(from[i]);
      if (is_further(value, best.value)) best = {i, value};
    }
    return best;
  };
  if (x.type == tensor::Real::kF32) return scan(static_cast<const float*>(x.data));
  return scan(static_cast<const tensor::Bf16*>(x.data));
}

inline Extreme largest_of(tensor::ConstReals x, int64_t begin, int64_t end) {
  return first_extreme(x, begin, end, [](float a, float b) { return std::fabs(a) > std::fabs(b); });
}
inline Extreme lowest_of(tensor::ConstReals x, int64_t begin, int64_t end) {
  return first_extreme(x, begin, end, [](float a, float b) { return a < b; });
}
inline Extreme highest_of(tensor::ConstReals x, int64_t begin, int64_t end) {
  return first_extreme(x, begin, end, [](float a, float b) { return a > b; });
}

/// Gradient of a factor common to all groups, from those of factors (of 1) each group has on top of it.
inline float factor_gradient(const std::vector<float>& gradients, float factor) {
  double sum = 0.0;
  for (float gradient : gradients) sum += gradient;
  return factor == 0.0f ? 0.0f : static_cast<float>(sum / factor);
}

}  // namespace ar::quant
