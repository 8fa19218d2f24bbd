#pragma once

#include "core/quant/int_tuning.hpp"

/// What happens once a group: from ranges to levels, and from summed gradients to range factors. The scalar
/// reference calls these; vector kernels do the same for several groups at a time (int_levels-inl.hpp) and call these for
/// ranges that are not trained.
namespace ar::quant {

/// level = clamp(round(W / scale + V + shift) + add, low, high) - sub. For asym add and sub are the zero point; for sym
/// they are the two zeros that change no value, not even the sign of a zero. shift is such a zero too, but where a search
/// found the minimum: there it is the zero point, and add is 0.
struct GroupLevels {
  float scale;
  float unfloored;  // before the floor, with the scale's sign
  float low;
  float high;
  float shift;
  float add;
  float sub;
};

/// Sums over a group that the gradients of its ranges need, u being dL/dWq.
struct GroupSums {
  float scale;    // u * (level - inside * W / scale)
  float clipped;  // u where the level was clamped
};

/// True when W / scale is rounded to bfloat16 because both are of that type (data_types.md 3.3).
bool narrow_quotient(const IntTuning& layer);

/// Levels of group `index` = row * groups + group.
GroupLevels group_levels(const IntTuning& layer, int64_t index);

/// Gradients of the two range factors.
struct RangeGradient {
  float min_scale;
  float max_scale;
};
RangeGradient range_gradient(const IntTuning& layer, int64_t index, const GroupLevels& levels, const GroupSums& sums);

/// Clamps the range factors of a group to [0, 1]; nothing when they are not tuned.
void clamp_range_factors(const IntTuning& layer, int64_t index);

/// One sign step on the range factors of a group, then the clamp.
void step_range_factors(const IntTuning& layer, int64_t index, RangeGradient gradient, float lr);

/// Zero point an exporter stores: 2^(bits-1) when sym.
inline float stored_zero(const IntGrid& grid, const GroupLevels& levels) {
  if (grid.real_zero) return levels.sub;              // -0 too: the minimum that a file stores is then +0
  return grid.sym ? grid.half() : levels.sub + 0.0f;  // -0 becomes 0
}

}  // namespace ar::quant
