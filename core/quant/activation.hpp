#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "core/quant/scheme.hpp"

/// Quantize-dequantize of what enters a linear layer, as act_* of its scheme say (data_types.md 8).
namespace ar::quant {

/// Whether what enters a layer is rounded: to act_bits, or to the 16-bit type that act_data_type names.
bool rounds_activation(const Scheme& scheme);

/// Calibrated or tuned bounds; unset act_max: each call finds its own.
struct ActivationRange {
  std::optional<float> act_max;  // largest magnitude seen in calibration
  float max_scale = 1.0F;
};

/// Whether there is a type of that name and number of bits.
bool is_activation_type(const Scheme& scheme);

/// Whether the scheme needs act_max: static ranges, and static global scales.
bool calibrated(const Scheme& scheme);

/// Scale of static fp8 activations, x = code * scale: act_max over the largest code, floored (data_types.md 7.1).
float static_scale(const Scheme& scheme, float act_max);

/// x [..., in] float32 or bfloat16; same shape and dtype. Pure, single-threaded. [any]
at::Tensor quantize_activation(const at::Tensor& x, const Scheme& scheme, const ActivationRange& range = {});

/// Gradient of x from that of its quantized form: straight through (data_types.md 3.4), and through the elements that
/// set the ranges of their groups. Types of ggml have none: nothing is tuned with them. d_max_scale, when not null,
/// receives the gradient of range.max_scale. [any]
at::Tensor activation_gradient(const at::Tensor& x, const at::Tensor& dy, const Scheme& scheme,
                               const ActivationRange& range = {}, float* d_max_scale = nullptr);

}  // namespace ar::quant
