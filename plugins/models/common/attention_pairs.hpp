#pragma once

#include "plugins/models/common/attention_kernels.hpp"

namespace ar::models::kernels {

/// The functions of attention_kernels.hpp with the operands of every product rounded to bfloat16 and sums in float32, on
/// processors that multiply pairs of bfloat16 (AVX512_BF16). Only where multiplies_pairs().
bool multiplies_pairs();
void causal_attention_pairs(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse);
void causal_attention_pairs_grad(const AttentionShape& shape, const AttentionInput& in, const float* out,
                                 const float* lse, const float* dout, const AttentionGrads& grads);

/// Row by row of a block of scores, row i seeing columns 0 .. first + i; the rest of its n columns, a whole number of
/// vectors of 16, becomes zero. Rows are `stride` apart.
/// s := exp(s - max), inverse[i] = 1 / sum, lse[i] = max + log(sum).
void softmax_block(float* s, int64_t stride, int64_t n, int64_t rows, int64_t first, float* inverse, float* lse);
/// s := p = exp(s - lse[i]), ds := p * (ds - delta[i]).
void softmax_grad_block(float* s, float* ds, int64_t stride, int64_t n, int64_t rows, int64_t first, const float* lse,
                        const float* delta);

}  // namespace ar::models::kernels
