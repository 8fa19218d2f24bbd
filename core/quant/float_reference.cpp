#include "core/quant/float_reference.hpp"

#include <algorithm>
#include <cmath>

#include "core/quant/float_scale.hpp"
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

/// One group: `height` rows of `width` columns.
struct Group {
  int64_t index;   // among all groups
  int64_t offset;  // of its first element in the matrix
  int64_t width;
  int64_t height;
};

template <typename Body>
void for_each_group(const FloatGrid& grid, RowRange rows, Body body) {
  for (int64_t row = rows.begin; row < rows.end; row += grid.group_rows)
    for (int64_t g = 0; g < grid.groups(); ++g) {
      const int64_t first = g * grid.group;
      body(Group{row / grid.group_rows * grid.groups() + g, row * grid.cols + first,
                 std::min(grid.group, grid.cols - first), std::min(grid.group_rows, rows.end - row)});
    }
}

/// Calls body(i, k): i in the matrix, k in the row of the group, which decides the partial sum it goes to.
template <typename Body>
void for_each_element(const FloatGrid& grid, const Group& group, Body body) {
  for (int64_t r = 0; r < group.height; ++r)
    for (int64_t k = 0; k < group.width; ++k) body(group.offset + r * grid.cols + k, k);
}

float quotient(const FloatTuning& layer, const GroupScale& scale, float w) {
  const float x = divides(layer.grid.kind.rule) ? w / scale.in : w * scale.in;
  return layer.narrow ? tensor::round_to_bf16(x) : x;
}

struct Element {
  float quotient;
  float level;  // value of the format; Wq = level * scale.out
  float slope;  // d level / d quotient
};

float slope_of(const FloatKind& kind, float shifted, float level) {
  if (!(std::fabs(shifted) <= kind.element.max)) return 0.0f;
  if (kind.slope == Slope::kOne) return 1.0f;
  if (shifted == 0.0f) return 0.0f;
  if (kind.slope == Slope::kOneButZero || std::fabs(shifted) < kind.element.min_normal()) return 1.0f;
  return level / shifted;
}

Element quantize(const FloatTuning& layer, const GroupScale& scale, int64_t i) {
  const FloatKind& kind = layer.grid.kind;
  const float x = quotient(layer, scale, load(layer.weight, i));
  const float shifted = x + (layer.value == nullptr ? 0.0f : layer.value[i]);
  const float level = round_to(kind.element, shifted);
  return {x, level, slope_of(kind, shifted, level)};
}

float dequantize(const FloatTuning& layer, const GroupScale& scale, float level) {
  const float wq = level * scale.out;
  return layer.weight.type == Real::kBf16 ? tensor::round_to_bf16(wq) : wq;
}

void write_group(const FloatTuning& layer, const Group& group, int64_t tile_offset, Reals wq) {
  const GroupScale scale = group_scale(layer, group.index);
  for_each_element(layer.grid, group, [&](int64_t i, int64_t) {
    store(wq, i - tile_offset, dequantize(layer, scale, quantize(layer, scale, i).level));
  });
}

/// Calls on_value(i, dL/dV) for every element and returns the gradient of max_scale.
template <typename OnValue>
float backward(const FloatTuning& layer, const Group& group, int64_t tile_offset, ConstReals dwq, OnValue on_value) {
  const GroupScale scale = group_scale(layer, group.index);
  LaneSum excess;
  for_each_element(layer.grid, group, [&](int64_t i, int64_t k) {
    const float u = load(dwq, i - tile_offset);
    const Element e = quantize(layer, scale, i);
    excess.add(k, u * (e.level - e.slope * e.quotient));
    on_value(i, u * scale.out * e.slope);
  });
  return layer.max_scale == nullptr ? 0.0f : max_scale_gradient(layer, group.index, scale, excess.total());
}

uint8_t code_of(const FloatTuning& layer, const GroupScale& scale, float wq) {
  const FloatKind& kind = layer.grid.kind;
  const float level = round_to(kind.element, quotient(layer, scale, wq));
  return encode(kind.element, level == 0.0f && !signed_zeros(kind.rule) ? 0.0f : level);
}

}  // namespace

void group_amax(const FloatGrid& grid, ConstReals weight, RowRange rows, float* amax) {
  for_each_group(grid, rows, [&](const Group& group) {
    float most = 0.0f;
    for_each_element(grid, group, [&](int64_t i, int64_t) { most = std::max(most, std::fabs(load(weight, i))); });
    amax[group.index] = most;
  });
}

void fake_quant(const FloatTuning& layer, RowRange rows, Reals wq) {
  for_each_group(layer.grid, rows, [&](const Group& group) {
    clamp_max_scale(layer, group.index);
    write_group(layer, group, rows.begin * layer.grid.cols, wq);
  });
}

void sign_step(const FloatTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals wq_next) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_group(layer.grid, rows, [&](const Group& group) {
    const float gradient = backward(layer, group, tile_offset, dwq, [&](int64_t i, float d_value) {
      if (d_value > 0) layer.value[i] -= step.lr;
      if (d_value < 0) layer.value[i] += step.lr;
    });
    step_max_scale(layer, group.index, gradient, step.lr_minmax);
    if (wq_next.data != nullptr) write_group(layer, group, tile_offset, wq_next);
  });
}

void accumulate_gradients(const FloatTuning& layer, RowRange rows, ConstReals dwq, bool first,
                          const FloatGradients& gradients) {
  const auto put = [first](float& to, float x) { to = first ? x : to + x; };
  for_each_group(layer.grid, rows, [&](const Group& group) {
    const float gradient = backward(layer, group, rows.begin * layer.grid.cols, dwq,
                                    [&](int64_t i, float d_value) { put(gradients.value[i], d_value); });
    if (layer.max_scale != nullptr) put(gradients.max_scale[group.index], gradient);
  });
}

void finish(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes) {
  for_each_group(layer.grid, rows, [&](const Group& group) {
    clamp_max_scale(layer, group.index);
    const GroupScale scale = group_scale(layer, group.index);
    if (planes.scale != nullptr) planes.scale[group.index] = scale.stored;
    if (planes.scale_codes != nullptr) planes.scale_codes[group.index] = scale_code(layer.grid.kind.rule, scale);
    for_each_element(layer.grid, group, [&](int64_t i, int64_t) {
      planes.codes[i] = code_of(layer, scale, dequantize(layer, scale, quantize(layer, scale, i).level));
    });
  });
}

}  // namespace ar::quant::reference
