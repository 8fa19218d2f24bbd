#pragma once

#include <ATen/core/Tensor.h>

/// The scale of a whole NVFP4 tensor (data_types.md 6.1): 2688 / largest magnitude, 0 for a tensor of zeros. Matrices
/// that a loader fuses (q, k, v; gate, up) share the least of theirs: pass it as QuantizeOptions::global_scale.
namespace ar::quant {

float nv_global_scale(float amax);

/// Of a weight or of an input, contiguous, float32 or bfloat16. [any]
float nv_global_scale(const at::Tensor& tensor);

}  // namespace ar::quant
