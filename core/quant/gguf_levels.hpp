#pragma once

#include "core/quant/gguf_tuning.hpp"

/// From ranges to the levels of a super-block, and from summed gradients back to range factors. Shared by the scalar
/// reference and the vector kernels, which differ in the element loops only.
namespace ar::quant {

/// A super-block and where its numbers are.
struct Super {
  int64_t index;   // among all super-blocks
  int64_t offset;  // of its first element in the matrix
};

/// code = clamp(round((W + min) * factor + V), low, high) and Wq = scale * code - min, with a division by factor where
/// `divide` says so: trained asymmetric types divide, the others multiply by the reciprocal.
struct KLevels {
  BlockScales block;
  float factor[kMaxGroups];
  bool divide;
  float low, high;
  // What the backward pass needs besides.
  float first_scale[kMaxGroups], first_min[kMaxGroups];  // before the second level
  float unfloored[kMaxGroups];                           // first_scale before its floor
  SecondLevel scales, mins;
};
KLevels super_levels(const KTuning& layer, const Super& super);

/// Sums over a group that the gradients of its ranges need, u being dL/dWq.
struct KSums {
  float scale[kMaxGroups];    // u * (code - inside * quotient)
  float clipped[kMaxGroups];  // u where the code was clamped
};
struct KRangeGradient {
  float min_scale[kMaxGroups];
  float max_scale[kMaxGroups];
};
KRangeGradient range_gradient(const KTuning& layer, const Super& super, const KLevels& levels, const KSums& sums);

/// Clamps the range factors of a super-block to [0, 1]; nothing when they are not tuned.
void clamp_range_factors(const KTuning& layer, const Super& super);
/// One sign step on them, then the clamp.
void step_range_factors(const KTuning& layer, const Super& super, const KRangeGradient& gradient, float lr);

/// Writes what is stored of the scales of a super-block.
void store_scales(const KTuning& layer, const Super& super, const BlockScales& block, const BlockCoder& coder,
                  const KPlanes& planes);

/// Calls body(Super) for every super-block of the rows.
template <typename Body>
void for_each_super(const KGrid& grid, RowRange rows, Body body) {
  const int64_t supers = grid.supers();
  for (int64_t index = rows.begin * supers; index < rows.end * supers; ++index) body(Super{index, index * kSuperBlock});
}

}  // namespace ar::quant
