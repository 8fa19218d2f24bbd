#pragma once

#include <cstdint>

namespace ar::models::kernels {

/// Causal attention of one sequence with grouped key-value heads: query i sees keys 0..i, head h uses key-value head
/// h / (heads / kv_heads). float32; rows of a tensor are positions, then heads, then head_dim, without gaps.
struct AttentionShape {
  int64_t tokens;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  float scale;
};

struct AttentionInput {
  const float* q;  // [tokens, heads, head_dim]
  const float* k;  // [tokens, kv_heads, head_dim]
  const float* v;  // likewise
};

/// out like q; lse [heads, tokens]: log of the sum of exponentials of each row of scores, for the backward pass.
/// Work above the diagonal is skipped in blocks. [any]; scratch is kept per thread.
void causal_attention(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse);

/// Gradients of q, k and v from that of out; scores are computed again.
struct AttentionGrads {
  float* dq;
  float* dk;
  float* dv;
};
void causal_attention_grad(const AttentionShape& shape, const AttentionInput& in, const float* out, const float* lse,
                           const float* dout, const AttentionGrads& grads);

}  // namespace ar::models::kernels
