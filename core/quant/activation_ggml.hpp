#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "core/quant/scheme.hpp"

/// Activations as the CPU kernels of ggml round them before a product: to the type their weights' type is paired with
/// (vec_dot_type of ggml-cpu.c).
namespace ar::quant {

enum class GgmlType : uint8_t {
  kQ8_0,     // codes of 8 bits, a scale in float16 a block
  kQ8_1,     // the same, and a sum of each block, for weights with minima
  kQ8_K,     // codes of 8 bits, scales in float32
  kFloat16,  // one number each, no block
  kBfloat16,
};

/// The type that act_data_type and act_bits name: "q8_0", "q8_1", "q8_k" (8), "float16", "bfloat16" (16); none for
/// others.
std::optional<GgmlType> ggml_type(const Scheme& scheme);

/// One block: code = round(x * 127 / amax), ties to even; its scale is amax / 127 but for Q8_K 1 / (127 / amax).
/// This is what the x86 kernels compute. The portable ones of Q8_0 and Q8_1 round ties away from 0, and Q8_K takes its
/// codes with the other sign where the largest is positive, which changes no product.
void round_ggml_block(const float* x, int64_t n, GgmlType type, float* y);

/// x [..., in] in blocks of scheme.act_group_size along the last dimension; same shape and dtype. [any]
at::Tensor round_as_ggml(const at::Tensor& x, const Scheme& scheme, GgmlType type);

/// Whether minima of weights meet other sums than those of the rounded inputs: Q8_1.
bool has_own_sums(const Scheme& scheme);
/// By how much those sums, of codes times the scale before it becomes float16, exceed the sums of the rounded inputs:
/// [..., blocks] float32, to be multiplied with the minima. [any]
at::Tensor own_sum_errors(const at::Tensor& x, const Scheme& scheme);

}  // namespace ar::quant
