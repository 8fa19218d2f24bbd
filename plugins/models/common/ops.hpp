#pragma once

#include <ATen/core/Tensor.h>

#include "plugins/models/common/rope.hpp"

namespace ar::models {

// Operations on hidden states, differentiable with respect to every tensor argument but the rotary tables. Contiguous
// float32 on the CPU runs fused kernels (kernels.hpp); everything else is composed of LibTorch's operators by the
// functions of `composed`, which are also what the fused ones are tested against.

/// w * x / sqrt(mean(x^2) + eps) over the last dimension; statistics in float32, x cast back before the weight.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Turns the first 2 * tables.cos.size(1) dimensions of each head by its position: x [B, T, n, d], pairs (j, j + r/2).
at::Tensor rotate_half(const at::Tensor& x, const RopeTables& tables);

/// silu(gate) * up
at::Tensor silu_mul(const at::Tensor& gate, const at::Tensor& up);

namespace composed {
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor rotate_half(const at::Tensor& x, const RopeTables& tables);
at::Tensor silu_mul(const at::Tensor& gate, const at::Tensor& up);
}  // namespace composed

}  // namespace ar::models
