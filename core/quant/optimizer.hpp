#pragma once

#include <cstdint>

/// Optimizer steps over flat parameters of any meaning. Reentrant on disjoint ranges; element by element, so any cut
/// gives the same bytes.
namespace ar::quant {

/// p -= lr * sign(g); zero and NaN leave p alone.
void sign_descent(float* p, const float* g, int64_t n, float lr);

/// buffer = momentum * buffer + g (buffer starts at 0), then p -= lr * sign(buffer).
void sign_descent_momentum(float* p, const float* g, float* buffer, int64_t n, float lr, float momentum);

/// AdamW without weight decay, betas 0.9 and 0.999, eps 1e-8. `step` counts from 1; both moments start at 0.
struct AdamwState {
  float* first;
  float* second;
};
void adamw_step(float* p, const float* g, AdamwState state, int64_t n, float lr, int64_t step);

}  // namespace ar::quant
