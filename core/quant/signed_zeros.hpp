#pragma once

#include <ATen/core/Tensor.h>

namespace ar::quant {

/// Gives zeros of `weight` the sign of the value they stand for, in place. Upstream's products of a symmetric scale and a
/// rounded quotient keep it; codes do not, so only formats that store dequantized weights show it. Both contiguous, of
/// one shape, bfloat16 or float32; other types are left alone. Parallel. [any]
/// `of_zeros`: a source of -0 counts as negative.
void sign_zeros(const at::Tensor& source, const at::Tensor& weight, bool of_zeros);

}  // namespace ar::quant
