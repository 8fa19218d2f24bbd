#pragma once

#include <ATen/core/Tensor.h>

namespace ar::models {

/// softmax(scale q k^T, causal) v for q [B, T, n, d], k and v [B, T, n_kv, d] -> [B, T, n, d]; differentiable. One
/// sequence in float32 on the CPU runs our own kernels (attention_kernels.hpp; attention_pairs.hpp where `compute` is
/// bfloat16 and the processor multiplies pairs), the rest LibTorch's.
at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            at::ScalarType compute = at::kFloat);

namespace composed {
/// By LibTorch. mask: [T, T] bool, true where a query sees a key; undefined: causal.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask);
}  // namespace composed

}  // namespace ar::models
