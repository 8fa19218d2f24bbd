#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/quant/scale_search.hpp"
#include "core/tensor/lane_sum.hpp"

/// The search around the loss: groups, candidates, the strict comparison. Shared by the vector kernel and the
/// reference.
namespace ar::quant {

struct SearchGroup {
  const float* w;        // [padded], zeros behind the group
  const float* weights;  // [padded] of the squared errors; null: all 1
  int64_t padded;        // a whole number of blocks of tensor::kSumLanes
  float half;            // 2^(bits-1)
  bool narrow;           // all arithmetic but the squared error is rounded to bfloat16
};

struct Candidate {
  float inverse;
  float scale;
};

/// 1 / x, and 0 for what is too small to divide by (data_types.md 3.5).
inline float reciprocal(float x, bool narrow) {
  if (!(std::fabs(x) >= 1e-30f)) return 0.0f;
  return narrow ? tensor::round_to_bf16(1.0f / x) : 1.0f / x;
}

/// The element of largest magnitude, the first among equals.
inline float extreme_of(const SearchGroup& group) {
  float extreme = group.w[0];
  for (int64_t k = 1; k < group.padded; ++k)
    if (std::fabs(group.w[k]) > std::fabs(extreme)) extreme = group.w[k];
  return extreme;
}

/// Scale of the candidate with the least loss(candidate).
template <typename Loss>
float pick_scale(const SearchGroup& group, const std::vector<float>& divisors, Loss loss) {
  const float reciprocal_extreme = reciprocal(extreme_of(group), group.narrow);
  float best_scale = 0.0f, best_loss = 0.0f;
  for (size_t i = 0; i < divisors.size(); ++i) {
    float inverse = -divisors[i] * reciprocal_extreme;
    if (group.narrow) inverse = tensor::round_to_bf16(inverse);
    const Candidate candidate{inverse, reciprocal(inverse, group.narrow)};
    const float candidate_loss = loss(candidate);
    if (i > 0 && !(candidate_loss < best_loss)) continue;
    best_scale = candidate.scale;
    best_loss = candidate_loss;
  }
  return best_scale;
}

/// Scratch floats that search_scales needs.
inline int64_t padded_group(const IntGrid& grid) {
  return (grid.group + tensor::kSumLanes - 1) / tensor::kSumLanes * tensor::kSumLanes;
}

/// Calls pick(group) for every group, its weights widened and padded in scratch.
template <typename Pick>
void search_rows(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                 float* scratch, float* scales, Pick pick) {
  const bool narrow = weight.type == tensor::Real::kBf16;
  const int64_t padded = padded_group(grid);
  float* weights = importance.uniform() ? nullptr : scratch + padded;
  for (int64_t row = rows.begin; row < rows.end; ++row)
    for (int64_t g = 0; g < grid.groups(); ++g) {
      const int64_t first = row * grid.cols + g * grid.group;
      const int64_t size = std::min(grid.group, grid.cols - g * grid.group);
      for (int64_t k = 0; k < padded; ++k) {
        if (k >= size)
          scratch[k] = 0.0f;
        else if (narrow)
          scratch[k] = tensor::to_f32(static_cast<const tensor::Bf16*>(weight.data)[first + k]);
        else
          scratch[k] = static_cast<const float*>(weight.data)[first + k];
      }
      const float* fixed = weights != nullptr && size == padded ? importance.fixed(g) : nullptr;
      if (weights != nullptr && fixed == nullptr) {
        importance.fill(scratch, g, size, narrow, weights);
        std::fill(weights + size, weights + padded, 0.0f);
      }
      scales[row * grid.groups() + g] =
          pick(SearchGroup{scratch, fixed == nullptr ? weights : fixed, padded, grid.half(), narrow});
    }
}

}  // namespace ar::quant
