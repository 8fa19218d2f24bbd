#include "core/quant/gguf_levels.hpp"

#include <algorithm>
#include <cmath>

namespace ar::quant {
namespace {

constexpr float kScaleFloor = 1e-8f;  // data_types.md 1.6, float32 scales

bool tuned(const KTuning& layer) { return layer.min_scale != nullptr; }
float sign(float x) { return static_cast<float>(static_cast<int>(x > 0) - static_cast<int>(x < 0)); }
float clamp_unit(float x) { return std::min(1.0f, std::max(0.0f, x)); }

struct Range {
  float low;
  float high;
};
Range range_of(const KTuning& layer, int64_t group) {
  if (!tuned(layer)) return {layer.range_min[group], layer.range_max[group]};
  return {layer.range_min[group] * layer.min_scale[group], layer.range_max[group] * layer.max_scale[group]};
}

/// Range / divisor, rounded as the tuning dtype would when the ranges are untouched.
float divided(const KTuning& layer, float range, float divisor) {
  if (tuned(layer) || layer.weight.type == tensor::Real::kF32) return range / divisor;
  return tensor::round_to_bf16(tensor::round_to_bf16(range) / divisor);
}

void set_factors(KLevels& levels, int64_t groups) {
  for (int64_t g = 0; g < groups; ++g) {
    const float scale = levels.block.scale[g];
    levels.factor[g] = levels.divide ? scale : reciprocal(scale);
  }
}

void found_levels(const KTuning& layer, const Super& super, KLevels& levels) {
  const KGrid& grid = layer.grid;
  const KScales& found = *layer.found;
  const int64_t first = super.index * grid.groups();
  std::copy_n(found.scale + first, grid.groups(), levels.block.scale);
  levels.block.super_scale = found.super_scale[super.index];
  if (!grid.sym) std::copy_n(found.min + first, grid.groups(), levels.block.min);
  levels.block.super_min = grid.sym ? 0.0f : found.super_min[super.index];
}

void asym_levels(const KTuning& layer, const Super& super, KLevels& levels) {
  const KGrid& grid = layer.grid;
  const int64_t n = grid.groups();
  for (int64_t g = 0; g < n; ++g) {
    const Range range = range_of(layer, super.index * n + g);
    levels.unfloored[g] = divided(layer, range.high - range.low, grid.top());
    levels.first_scale[g] = std::max(levels.unfloored[g], kScaleFloor);
    levels.first_min[g] = -range.low;
  }
  levels.scales = quantize_positive(levels.first_scale, n, grid.super_top());
  levels.mins = quantize_positive(levels.first_min, n, grid.super_top());
  for (int64_t g = 0; g < n; ++g) {
    levels.block.scale[g] = std::max(levels.scales.value[g], kScaleFloor);
    levels.block.min[g] = levels.mins.value[g];
  }
  levels.block.super_scale = std::max(levels.scales.super, kScaleFloor);
  levels.block.super_min = std::max(levels.mins.super, kScaleFloor);
}

void sym_levels(const KTuning& layer, const Super& super, KLevels& levels) {
  const KGrid& grid = layer.grid;
  const int64_t n = grid.groups();
  for (int64_t g = 0; g < n; ++g) {
    const Range range = range_of(layer, super.index * n + g);
    const float magnitude = std::max(range.high, -range.low);
    levels.first_scale[g] = divided(layer, range.high < -range.low ? magnitude : -magnitude, grid.half());
  }
  levels.scales = quantize_signed(levels.first_scale, n, grid.super_top());
  std::copy_n(levels.scales.value, n, levels.block.scale);
  levels.block.super_scale = levels.scales.super;
  levels.block.super_min = 0.0f;
}

/// Through scale = (high - low) / top and min = -low to the factors of the range.
KRangeGradient asym_gradient(const KTuning& layer, const Super& super, const KLevels& levels, const KSums& sums) {
  const KGrid& grid = layer.grid;
  const int64_t n = grid.groups();
  float d_scale[kMaxGroups], d_min[kMaxGroups], d_first_scale[kMaxGroups], d_first_min[kMaxGroups];
  for (int64_t g = 0; g < n; ++g) {
    d_scale[g] = levels.scales.value[g] >= kScaleFloor ? sums.scale[g] : 0.0f;
    d_min[g] = -sums.clipped[g];
  }
  backward_positive(levels.scales, levels.first_scale, n, grid.super_top(), d_scale, d_first_scale);
  backward_positive(levels.mins, levels.first_min, n, grid.super_top(), d_min, d_first_min);
  KRangeGradient gradient;
  for (int64_t g = 0; g < n; ++g) {
    const int64_t group = super.index * n + g;
    const float d_range = levels.unfloored[g] >= kScaleFloor ? d_first_scale[g] / grid.top() : 0.0f;
    gradient.min_scale[g] = (-d_range - d_first_min[g]) * layer.range_min[group];
    gradient.max_scale[g] = d_range * layer.range_max[group];
  }
  return gradient;
}

/// Through scale = +-max(high, -low) / half: all to the larger side, half each on a tie.
KRangeGradient sym_gradient(const KTuning& layer, const Super& super, const KLevels& levels, const KSums& sums) {
  const KGrid& grid = layer.grid;
  const int64_t n = grid.groups();
  float d_first[kMaxGroups];
  backward_signed(levels.scales, levels.first_scale, n, grid.super_top(), sums.scale, d_first);
  KRangeGradient gradient;
  for (int64_t g = 0; g < n; ++g) {
    const int64_t group = super.index * n + g;
    const Range range = range_of(layer, group);
    const float to_high = 0.5f + 0.5f * sign(range.high + range.low);
    const float d_magnitude = (range.high < -range.low ? d_first[g] : -d_first[g]) / grid.half();
    gradient.min_scale[g] = d_magnitude * (1.0f - to_high) * -layer.range_min[group];
    gradient.max_scale[g] = d_magnitude * to_high * layer.range_max[group];
  }
  return gradient;
}

}  // namespace

IntGrid group_grid(const KGrid& grid) {
  IntGrid groups;
  groups.bits = grid.bits;
  groups.sym = grid.sym;
  groups.scale_type = ScaleType::kF32;
  groups.rows = grid.rows;
  groups.cols = grid.cols;
  groups.group = grid.group();
  return groups;
}

KLevels super_levels(const KTuning& layer, const Super& super) {
  const KGrid& grid = layer.grid;
  KLevels levels;
  levels.divide = !grid.sym && layer.found == nullptr;
  levels.low = grid.sym ? -grid.half() : 0.0f;
  levels.high = grid.sym ? grid.half() - 1 : grid.top();
  std::fill_n(levels.block.min, kMaxGroups, 0.0f);
  if (layer.found != nullptr)
    found_levels(layer, super, levels);
  else if (grid.sym)
    sym_levels(layer, super, levels);
  else
    asym_levels(layer, super, levels);
  set_factors(levels, grid.groups());
  return levels;
}

KRangeGradient range_gradient(const KTuning& layer, const Super& super, const KLevels& levels, const KSums& sums) {
  return layer.grid.sym ? sym_gradient(layer, super, levels, sums) : asym_gradient(layer, super, levels, sums);
}

void clamp_range_factors(const KTuning& layer, const Super& super) {
  if (!tuned(layer)) return;
  const int64_t first = super.index * layer.grid.groups();
  for (int64_t g = first; g < first + layer.grid.groups(); ++g) {
    layer.min_scale[g] = clamp_unit(layer.min_scale[g]);
    layer.max_scale[g] = clamp_unit(layer.max_scale[g]);
  }
}

void step_range_factors(const KTuning& layer, const Super& super, const KRangeGradient& gradient, float lr) {
  if (!tuned(layer)) return;
  const int64_t first = super.index * layer.grid.groups();
  for (int64_t g = 0; g < layer.grid.groups(); ++g) {
    layer.min_scale[first + g] -= lr * sign(gradient.min_scale[g]);
    layer.max_scale[first + g] -= lr * sign(gradient.max_scale[g]);
  }
  clamp_range_factors(layer, super);
}

void store_scales(const KTuning& layer, const Super& super, const BlockScales& block, const BlockCoder& coder,
                  const KPlanes& planes) {
  const int64_t n = layer.grid.groups();
  planes.super_scale[super.index] = block.super_scale;
  std::copy_n(coder.scale_codes, n, planes.scale_codes + super.index * n);
  if (layer.grid.sym) return;
  planes.super_min[super.index] = block.super_min;
  std::copy_n(coder.min_codes, n, planes.min_codes + super.index * n);
}

}  // namespace ar::quant
