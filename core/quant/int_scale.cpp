#include "core/quant/int_scale.hpp"

#include <algorithm>
#include <cmath>

namespace ar::quant {
namespace {

using tensor::Real;
using tensor::round_to_bf16;

bool tuned(const IntTuning& layer) { return layer.min_scale != nullptr; }

// Signs here are as good as random from group to group: no branches on them.

float sign(float x) { return static_cast<float>(static_cast<int>(x > 0) - static_cast<int>(x < 0)); }
float clamp_unit(float x) { return std::min(1.0f, std::max(0.0f, x)); }

GroupLevels sym_levels(const IntGrid& grid, float unfloored) {
  const float floor = grid.scale_floor;
  GroupLevels levels{};
  levels.unfloored = unfloored;
  levels.scale = std::copysign(std::max(std::fabs(unfloored), floor), unfloored + 0.0f);  // -0 counts as positive
  levels.low = -grid.half();
  levels.high = grid.half() - 1;
  levels.shift = levels.add = -0.0f;
  levels.sub = 0.0f;
  return levels;
}

GroupLevels asym_levels(const IntTuning& layer, float low, float high) {
  const IntGrid& grid = layer.grid;
  float step = high - low;
  if (!tuned(layer) && layer.weight.type == Real::kBf16) {
    step = round_to_bf16(round_to_bf16(step) / grid.top());
  } else {
    step /= grid.top();
  }
  GroupLevels levels{};
  levels.unfloored = round_scale(step, grid.scale_type);
  levels.scale = std::max(levels.unfloored, grid.scale_floor);
  float zero = -low / levels.scale;
  if (!tuned(layer) && narrow_quotient(layer)) zero = round_to_bf16(zero);
  if (!grid.real_zero) zero = std::nearbyint(zero);
  levels.low = 0;
  levels.high = grid.top();
  levels.shift = -0.0f;
  levels.add = levels.sub = zero;
  return levels;
}

GroupLevels found_levels(const IntGrid& grid, float scale, float min) {
  const float zero = min / scale;
  return {scale, scale, 0.0f, grid.top(), zero, 0.0f, zero};
}

/// dL/dscale passes the floor where the scale lies on its kept side.
float through_floor(const IntGrid& grid, const GroupLevels& levels, float gradient) {
  return std::fabs(levels.unfloored) >= grid.scale_floor ? gradient : 0.0f;
}

RangeGradient sym_range_gradient(const IntGrid& grid, float d_scale, float range_min, float range_max, float a,
                                 float b) {
  const float negative = -(range_min * a);
  const float positive = range_max * b;
  const float to_positive = 0.5f + 0.5f * sign(positive - negative);  // all to the larger side, half each on a tie
  const float d_magnitude = std::copysign(1.0f, positive - negative) * -(d_scale / grid.half());
  return {d_magnitude * (1.0f - to_positive) * -range_min, d_magnitude * to_positive * range_max};
}

RangeGradient asym_range_gradient(const IntTuning& layer, int64_t index, const GroupLevels& levels,
                                  const GroupSums& sums) {
  const float low = layer.range_min[index] * layer.min_scale[index];
  const float d_zero = -levels.scale * sums.clipped;
  const float d_scale = sums.scale + d_zero * (low / levels.scale / levels.scale);
  const float d_range = through_floor(layer.grid, levels, d_scale) / layer.grid.top();
  const float d_low = -d_range - d_zero / levels.scale;
  return {d_low * layer.range_min[index], d_range * layer.range_max[index]};
}

}  // namespace

bool narrow_quotient(const IntTuning& layer) {
  return layer.grid.scale_type == ScaleType::kBf16 && layer.weight.type == Real::kBf16;
}

GroupLevels group_levels(const IntTuning& layer, int64_t index) {
  const IntGrid& grid = layer.grid;
  if (layer.init_min != nullptr) return found_levels(grid, layer.init_scale[index], layer.init_min[index]);
  if (layer.init_scale != nullptr) return sym_levels(grid, round_scale(layer.init_scale[index], grid.scale_type));
  const float a = tuned(layer) ? layer.min_scale[index] : 1.0f;
  const float b = tuned(layer) ? layer.max_scale[index] : 1.0f;
  const float low = layer.range_min[index] * a;
  const float high = layer.range_max[index] * b;
  if (!grid.sym) return asym_levels(layer, low, high);
  const float extreme = -std::copysign(std::max(high, -low), high + low);  // positive where the negative side is larger
  return sym_levels(grid, round_scale(extreme / grid.half(), grid.scale_type));
}

RangeGradient range_gradient(const IntTuning& layer, int64_t index, const GroupLevels& levels, const GroupSums& sums) {
  if (!layer.grid.sym) return asym_range_gradient(layer, index, levels, sums);
  const float d_scale = through_floor(layer.grid, levels, sums.scale);
  return sym_range_gradient(layer.grid, d_scale, layer.range_min[index], layer.range_max[index], layer.min_scale[index],
                            layer.max_scale[index]);
}

void clamp_range_factors(const IntTuning& layer, int64_t index) {
  if (!tuned(layer)) return;
  layer.min_scale[index] = clamp_unit(layer.min_scale[index]);
  layer.max_scale[index] = clamp_unit(layer.max_scale[index]);
}

void step_range_factors(const IntTuning& layer, int64_t index, RangeGradient gradient, float lr) {
  if (!tuned(layer)) return;
  layer.min_scale[index] -= lr * sign(gradient.min_scale);
  layer.max_scale[index] -= lr * sign(gradient.max_scale);
  clamp_range_factors(layer, index);
}

}  // namespace ar::quant
