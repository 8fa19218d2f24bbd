#pragma once

#include <algorithm>

#include "core/quant/float_scale.hpp"
#include "core/quant/float_search.hpp"
#include "core/tensor/lane_sum.hpp"

/// The search around the loss: groups, candidates, the strict comparison. Shared by the vector kernel and the
/// reference.
namespace ar::quant {

/// One group, widened, zeros behind it.
struct FloatSearchGroup {
  const float* w;        // [padded]
  const float* weights;  // [padded] of the squared errors; null: all 1
  int64_t padded;        // a whole number of blocks of tensor::kSumLanes
};

/// The factor with the least loss(scale). Many factors give the same stored scale: only the first of those counts.
template <typename Loss>
float pick_factor(const FloatTuning& layer, float amax, Loss loss) {
  const GroupScale unsearched = scale_of(layer, amax, 1.0f);
  float best_factor = 1.0f, best_loss = loss(unsearched), last = unsearched.stored;
  const auto consider = [&](float factor) {
    const GroupScale scale = scale_of(layer, amax, factor);
    if (scale.stored == unsearched.stored || scale.stored == last) return;
    last = scale.stored;
    const float candidate_loss = loss(scale);
    if (!(candidate_loss < best_loss)) return;
    best_factor = factor;
    best_loss = candidate_loss;
  };
  if (is_mx(layer.grid.kind.rule)) {
    consider(0.5f);
    consider(2.0f);
  } else {
    for (int percent = 50; percent <= 151; ++percent) consider(static_cast<float>(percent / 100.0));
  }
  return best_factor;
}

/// Calls pick(group, amax) for every group, its weights widened and padded in scratch.
template <typename Pick>
void search_groups(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                   float* factors, Pick pick) {
  const FloatGrid& grid = layer.grid;
  const bool bf16 = layer.weight.type == tensor::Real::kBf16;
  const int64_t padded = search_scratch(grid) / 2;
  float* weights = importance.uniform() ? nullptr : scratch + padded;
  for (int64_t row = rows.begin; row < rows.end; ++row)
    for (int64_t g = 0; g < grid.groups(); ++g) {
      const int64_t first = row * grid.cols + g * grid.group;
      const int64_t size = std::min(grid.group, grid.cols - g * grid.group);
      std::fill(scratch, scratch + padded, 0.0f);
      for (int64_t k = 0; k < size; ++k)
        scratch[k] = bf16 ? tensor::to_f32(static_cast<const tensor::Bf16*>(layer.weight.data)[first + k])
                          : static_cast<const float*>(layer.weight.data)[first + k];
      if (weights != nullptr) {
        std::fill(weights, weights + padded, 0.0f);
        importance.fill(scratch, g, size, bf16 && !is_mx(grid.kind.rule), weights);
      }
      const int64_t index = row * grid.groups() + g;
      factors[index] = pick(FloatSearchGroup{scratch, weights, padded}, layer.amax[index]);
    }
}

}  // namespace ar::quant
