#pragma once

#include <ATen/core/Tensor.h>

#include "core/quant/static_states.hpp"

/// FP8 (e4m3) of attention states [B, T, heads, head_dim].
namespace ar::quant {

/// Largest magnitudes: float32 [1], or [heads].
at::Tensor state_max(const at::Tensor& states, Granularity granularity);

/// x = code * scale: the largest magnitude is the largest code; floored as activation scales are (data_types.md 7.1).
at::Tensor state_scale(const at::Tensor& max);
/// The inverse.
at::Tensor max_of_scale(const at::Tensor& scale);

/// Quantizes and dequantizes; what is above `max` ([1] or [heads]) becomes the largest code. [any]
at::Tensor quantize_states(const at::Tensor& states, const at::Tensor& max);
/// The same with a gradient: straight through, and through the largest element, which sets the scale. `max` must be
/// that of these states.
at::Tensor quantize_states_with_gradient(const at::Tensor& states, const at::Tensor& max);

}  // namespace ar::quant
