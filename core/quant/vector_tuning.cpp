#include "core/quant/vector_tuning.hpp"

#include <algorithm>

namespace ar::quant {
namespace {

using tensor::Bf16;
using tensor::ConstReals;
using tensor::Real;
using tensor::round_to_bf16;

constexpr float kTop = 15.0f;  // 4 bits
constexpr float kScaleFloor = 1e-5f;

float load(ConstReals from, int64_t i) {
  if (from.type == Real::kF32) return static_cast<const float*>(from.data)[i];
  return tensor::to_f32(static_cast<const Bf16*>(from.data)[i]);
}

float code(const VectorGrid& grid, float w, float value) { return w / grid.scale + value + grid.zero; }

}  // namespace

VectorGrid vector_grid(ConstReals w, int64_t n, ScaleType scale_type) {
  float low = 0.0f, high = 0.0f;
  for (int64_t i = 0; i < n; ++i) {
    low = std::min(low, load(w, i));
    high = std::max(high, load(w, i));
  }
  const auto narrow = [&](float x) { return w.type == Real::kBf16 ? round_to_bf16(x) : x; };
  const float step = round_scale(narrow(narrow(high - low) / kTop), scale_type);
  const float scale = std::max(step, round_scale(kScaleFloor, scale_type));
  return {scale, -low / scale};
}

void vector_fake_quant(const VectorGrid& grid, ConstReals w, const float* value, int64_t n, tensor::Reals wq) {
  for (int64_t i = 0; i < n; ++i) {
    const float level = std::clamp(code(grid, load(w, i), value[i]), 0.0f, kTop) - grid.zero;
    const float x = grid.scale * level;
    const float rounded = w.type == Real::kBf16 ? round_to_bf16(x) : x;
    if (wq.type == Real::kF32)
      static_cast<float*>(wq.data)[i] = rounded;
    else
      static_cast<Bf16*>(wq.data)[i] = tensor::to_bf16(rounded);
  }
}

void vector_gradient(const VectorGrid& grid, ConstReals w, const float* value, const float* dwq, int64_t n, bool first,
                     float* d_value) {
  for (int64_t i = 0; i < n; ++i) {
    const float x = code(grid, load(w, i), value[i]);
    const float gradient = x >= 0.0f && x <= kTop ? dwq[i] * grid.scale : 0.0f;
    d_value[i] = first ? gradient : d_value[i] + gradient;
  }
}

}  // namespace ar::quant
