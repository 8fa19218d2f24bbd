#pragma once

#include "core/quant/float_tuning.hpp"

/// What happens once a group: from its largest magnitude to its scale, and the gradient of max_scale. Shared by the
/// scalar reference and the vector kernels, which differ in the element loops only.
namespace ar::quant {

/// quotient = W / in where the rule divides, else W * in; Wq = element * out.
struct GroupScale {
  float in;
  float out;
  float stored;  // exponent (MX), else the scale
};

/// True when quotients are divided: multiplying by a reciprocal would round twice.
inline bool divides(ScaleRule rule) { return rule == ScaleRule::kUe5m3 || rule == ScaleRule::kFp; }

/// False when a zero code has no sign: upstream's straight-through rounding and its FP4 packing make it positive.
inline bool signed_zeros(ScaleRule rule) { return is_mx(rule); }

/// Scale of group `index` = band * groups + group.
GroupScale group_scale(const FloatTuning& layer, int64_t index);

/// The same for any factor on the group's amax, as a search tries them.
GroupScale scale_of(const FloatTuning& layer, float amax, float factor);

/// dL/dmax_scale where `excess` = sum of dL/dWq * (element - d element/d quotient * quotient) over the group.
float max_scale_gradient(const FloatTuning& layer, int64_t index, const GroupScale& scale, float excess);

/// Byte that stores a scale; not for ScaleRule::kFp.
uint8_t scale_code(ScaleRule rule, const GroupScale& scale);

/// The inverse of scale_code: GroupScale::stored.
float stored_scale(ScaleRule rule, uint8_t code);

/// in and out of a stored scale.
GroupScale from_stored(ScaleRule rule, float stored, float global_scale);

/// Clamps max_scale of a group to [0, 1]; nothing when it is not trained.
void clamp_max_scale(const FloatTuning& layer, int64_t index);

/// One sign step on max_scale of a group, then the clamp.
void step_max_scale(const FloatTuning& layer, int64_t index, float gradient, float lr);

}  // namespace ar::quant
