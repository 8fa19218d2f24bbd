#include "core/quant/int_reference.hpp"

#include <algorithm>
#include <cmath>

#include "core/quant/int_scale.hpp"
#include "core/tensor/lane_sum.hpp"

namespace ar::quant::reference {
namespace {

using tensor::Bf16;
using tensor::ConstReals;
using tensor::LaneSum;
using tensor::Real;
using tensor::Reals;

float load(ConstReals from, int64_t i) {
  if (from.type == Real::kF32) return static_cast<const float*>(from.data)[i];
  return tensor::to_f32(static_cast<const Bf16*>(from.data)[i]);
}

void store(Reals to, int64_t i, float x) {
  if (to.type == Real::kF32) {
    static_cast<float*>(to.data)[i] = x;
  } else {
    static_cast<Bf16*>(to.data)[i] = tensor::to_bf16(x);
  }
}

/// One group of one row.
struct Group {
  int64_t index;   // among all groups
  int64_t offset;  // of its first element in the matrix
  int64_t size;
};

template <typename Body>
void for_each_group(const IntGrid& grid, RowRange rows, Body body) {
  for (int64_t row = rows.begin; row < rows.end; ++row)
    for (int64_t g = 0; g < grid.groups(); ++g) {
      const int64_t first = g * grid.group;
      body(Group{row * grid.groups() + g, row * grid.cols + first, std::min(grid.group, grid.cols - first)});
    }
}

struct Element {
  float quotient;  // W / scale
  float level;     // whole number; Wq = scale * level
  bool inside;     // not clamped
};

Element quantize(const IntTuning& layer, const GroupLevels& levels, int64_t i) {
  float quotient = load(layer.weight, i) / levels.scale;
  if (narrow_quotient(layer)) quotient = tensor::round_to_bf16(quotient);
  const float shifted = layer.value == nullptr ? quotient : quotient + layer.value[i];
  const float code = std::nearbyint(shifted + levels.shift) + levels.add;
  const bool inside = code >= levels.low && code <= levels.high;
  return {quotient, std::min(std::max(code, levels.low), levels.high) - levels.sub, inside};
}

float dequantize(const IntTuning& layer, const GroupLevels& levels, float level) {
  const float wq = levels.scale * level;
  return layer.weight.type == Real::kBf16 ? tensor::round_to_bf16(wq) : wq;
}

void write_group(const IntTuning& layer, const Group& group, int64_t tile_offset, Reals wq) {
  const GroupLevels levels = group_levels(layer, group.index);
  for (int64_t i = group.offset; i < group.offset + group.size; ++i)
    store(wq, i - tile_offset, dequantize(layer, levels, quantize(layer, levels, i).level));
}

/// Calls on_value(i, dL/dV) for every element and returns the gradient of the range factors.
template <typename OnValue>
RangeGradient backward(const IntTuning& layer, const Group& group, int64_t tile_offset, ConstReals dwq,
                       OnValue on_value) {
  const GroupLevels levels = group_levels(layer, group.index);
  LaneSum scale, clipped;
  for (int64_t k = 0; k < group.size; ++k) {
    const int64_t i = group.offset + k;
    const float u = load(dwq, i - tile_offset);
    const Element e = quantize(layer, levels, i);
    scale.add(k, u * (e.level - (e.inside ? e.quotient : 0.0f)));
    clipped.add(k, e.inside ? 0.0f : u);
    on_value(i, e.inside ? u * levels.scale : 0.0f);
  }
  if (layer.min_scale == nullptr) return {0.0f, 0.0f};
  return range_gradient(layer, group.index, levels, {scale.total(), clipped.total()});
}

}  // namespace

void group_ranges(const IntGrid& grid, ConstReals weight, RowRange rows, float* range_min, float* range_max) {
  for_each_group(grid, rows, [&](const Group& group) {
    float low = 0.0f, high = 0.0f;
    for (int64_t i = group.offset; i < group.offset + group.size; ++i) {
      low = std::min(low, load(weight, i));
      high = std::max(high, load(weight, i));
    }
    range_min[group.index] = low;
    range_max[group.index] = high;
  });
}

void fake_quant(const IntTuning& layer, RowRange rows, Reals wq) {
  for_each_group(layer.grid, rows, [&](const Group& group) {
    clamp_range_factors(layer, group.index);
    write_group(layer, group, rows.begin * layer.grid.cols, wq);
  });
}

void sign_step(const IntTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals wq_next) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_group(layer.grid, rows, [&](const Group& group) {
    const RangeGradient gradient = backward(layer, group, tile_offset, dwq, [&](int64_t i, float d_value) {
      if (d_value > 0) layer.value[i] -= step.lr;
      if (d_value < 0) layer.value[i] += step.lr;
    });
    step_range_factors(layer, group.index, gradient, step.lr_minmax);
    if (wq_next.data != nullptr) write_group(layer, group, tile_offset, wq_next);
  });
}

void accumulate_gradients(const IntTuning& layer, RowRange rows, ConstReals dwq, bool first,
                          const IntGradients& gradients) {
  const auto put = [first](float& to, float x) { to = first ? x : to + x; };
  for_each_group(layer.grid, rows, [&](const Group& group) {
    const RangeGradient range = backward(layer, group, rows.begin * layer.grid.cols, dwq,
                                         [&](int64_t i, float d_value) { put(gradients.value[i], d_value); });
    if (layer.min_scale == nullptr) return;
    put(gradients.min_scale[group.index], range.min_scale);
    put(gradients.max_scale[group.index], range.max_scale);
  });
}

void finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  const bool narrow = narrow_quotient(layer);
  for_each_group(layer.grid, rows, [&](const Group& group) {
    clamp_range_factors(layer, group.index);
    const GroupLevels levels = group_levels(layer, group.index);
    const float zero = stored_zero(layer.grid, levels);
    planes.scale[group.index] = levels.scale;
    if (planes.zero_point != nullptr) planes.zero_point[group.index] = zero;
    for (int64_t i = group.offset; i < group.offset + group.size; ++i) {
      const float wq = dequantize(layer, levels, quantize(layer, levels, i).level);
      if (layer.grid.real_zero) {
        const float code = std::trunc((wq + zero * levels.scale) * (1.0f / levels.scale) + 0.5f);
        planes.codes[i] = static_cast<uint8_t>(std::clamp(code, 0.0f, layer.grid.top()));
        continue;
      }
      float code = wq / levels.scale;
      if (narrow)
        code = tensor::round_to_bf16(tensor::round_to_bf16(code) + zero);
      else
        code += zero;
      planes.codes[i] = static_cast<uint8_t>(std::clamp(std::nearbyint(code), 0.0f, layer.grid.top()));
    }
  });
}

}  // namespace ar::quant::reference
