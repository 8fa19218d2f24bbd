#include <algorithm>
#include <cmath>

#include "core/quant/gguf_levels.hpp"
#include "core/tensor/lane_sum.hpp"

namespace ar::quant::reference {
namespace {

using tensor::Bf16;
using tensor::ConstReals;
using tensor::Real;
using tensor::Reals;

void store(Reals to, int64_t i, float x) {
  if (to.type == Real::kF32) {
    static_cast<float*>(to.data)[i] = x;
  } else {
    static_cast<Bf16*>(to.data)[i] = tensor::to_bf16(x);
  }
}

struct Element {
  float quotient;
  float code;
  bool inside;  // not clamped
};

Element quantize(const KTuning& layer, const KLevels& levels, int64_t g, int64_t i) {
  const float shifted = tensor::real_at(layer.weight, i) + levels.block.min[g];
  const float quotient = levels.divide ? shifted / levels.factor[g] : shifted * levels.factor[g];
  const float code = std::nearbyint(layer.value == nullptr ? quotient : quotient + layer.value[i]);
  // In this order a clamped -0 is +0, as in vector arithmetic.
  const float clamped = std::min(std::max(levels.low, code), levels.high);
  return {quotient, clamped, code >= levels.low && code <= levels.high};
}

float dequantize(const KTuning& layer, const KLevels& levels, int64_t g, float code) {
  const float wq = levels.block.scale[g] * code - levels.block.min[g];
  return layer.weight.type == Real::kBf16 ? tensor::round_to_bf16(wq) : wq;
}

/// Calls body(g, i) for every element i of the matrix in the super-block, g being its group there.
template <typename Body>
void for_each_element(const KGrid& grid, const Super& super, Body body) {
  for (int64_t k = 0; k < kSuperBlock; ++k) body(k / grid.group(), super.offset + k);
}

void write_super(const KTuning& layer, const Super& super, int64_t tile_offset, Reals wq) {
  const KLevels levels = super_levels(layer, super);
  for_each_element(layer.grid, super, [&](int64_t g, int64_t i) {
    store(wq, i - tile_offset, dequantize(layer, levels, g, quantize(layer, levels, g, i).code));
  });
}

/// Calls on_value(i, dL/dV) for every element and returns the gradient of the range factors.
template <typename OnValue>
KRangeGradient backward(const KTuning& layer, const Super& super, int64_t tile_offset, ConstReals dwq,
                        OnValue on_value) {
  const KLevels levels = super_levels(layer, super);
  KSums sums;
  for (int64_t g = 0; g < layer.grid.groups(); ++g) {
    tensor::LaneSum scale, clipped;
    for (int64_t k = 0; k < layer.grid.group(); ++k) {
      const int64_t i = super.offset + g * layer.grid.group() + k;
      const float u = tensor::real_at(dwq, i - tile_offset);
      const Element e = quantize(layer, levels, g, i);
      scale.add(k, u * (e.code - (e.inside ? e.quotient : 0.0f)));
      clipped.add(k, e.inside ? 0.0f : u);
      on_value(i, e.inside ? u * levels.block.scale[g] : 0.0f);
    }
    sums.scale[g] = scale.total();
    sums.clipped[g] = clipped.total();
  }
  if (layer.min_scale == nullptr) return {};
  return range_gradient(layer, super, levels, sums);
}

uint8_t code_of(const KGrid& grid, const BlockCoder& coder, int64_t g, float wq) {
  const float shifted = wq + coder.offset[g];
  const float quotient = grid.bits == 2 ? shifted / coder.factor[g] : shifted * coder.factor[g];
  if (quotient != quotient) return 0;  // 0 / 0 of a group without scale, 2 bits only
  const float code = std::nearbyint(quotient + coder.shift);
  return static_cast<uint8_t>(std::min(std::max(code, coder.low), coder.high) - coder.low);
}

}  // namespace

void fake_quant(const KTuning& layer, RowRange rows, Reals wq) {
  for_each_super(layer.grid, rows, [&](const Super& super) {
    clamp_range_factors(layer, super);
    write_super(layer, super, rows.begin * layer.grid.cols, wq);
  });
}

void sign_step(const KTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals wq_next) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_super(layer.grid, rows, [&](const Super& super) {
    const KRangeGradient gradient = backward(layer, super, tile_offset, dwq, [&](int64_t i, float d_value) {
      if (d_value > 0) layer.value[i] -= step.lr;
      if (d_value < 0) layer.value[i] += step.lr;
    });
    step_range_factors(layer, super, gradient, step.lr_minmax);
    if (wq_next.data != nullptr) write_super(layer, super, tile_offset, wq_next);
  });
}

void accumulate_gradients(const KTuning& layer, RowRange rows, ConstReals dwq, bool first,
                          const IntGradients& gradients) {
  const auto put = [first](float& to, float x) { to = first ? x : to + x; };
  const int64_t n = layer.grid.groups();
  for_each_super(layer.grid, rows, [&](const Super& super) {
    const KRangeGradient range = backward(layer, super, rows.begin * layer.grid.cols, dwq,
                                          [&](int64_t i, float d_value) { put(gradients.value[i], d_value); });
    if (layer.min_scale == nullptr) return;
    for (int64_t g = 0; g < n; ++g) {
      put(gradients.min_scale[super.index * n + g], range.min_scale[g]);
      put(gradients.max_scale[super.index * n + g], range.max_scale[g]);
    }
  });
}

void finish(const KTuning& layer, RowRange rows, const KPlanes& planes) {
  for_each_super(layer.grid, rows, [&](const Super& super) {
    clamp_range_factors(layer, super);
    const KLevels levels = super_levels(layer, super);
    const BlockCoder coder = block_coder(layer.grid, levels.block);
    store_scales(layer, super, levels.block, coder, planes);
    for_each_element(layer.grid, super, [&](int64_t g, int64_t i) {
      const float wq = dequantize(layer, levels, g, quantize(layer, levels, g, i).code);
      planes.codes[i] = code_of(layer.grid, coder, g, wq);
    });
  });
}

}  // namespace ar::quant::reference
