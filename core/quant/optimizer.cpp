#include "core/quant/optimizer.hpp"

#include <cmath>

namespace ar::quant {
namespace {

constexpr float kBeta1 = 0.9f;
constexpr float kBeta2 = 0.999f;
constexpr float kEps = 1e-8f;

/// lr * sign(d), where zero and NaN have no sign. Written without branches, so that compilers vectorise it.
float signed_rate(float d, float lr) { return (d > 0 ? lr : 0.0f) - (d < 0 ? lr : 0.0f); }

}  // namespace

void sign_descent(float* p, const float* g, int64_t n, float lr) {
  for (int64_t i = 0; i < n; ++i) p[i] -= signed_rate(g[i], lr);
}

void sign_descent_momentum(float* p, const float* g, float* buffer, int64_t n, float lr, float momentum) {
  for (int64_t i = 0; i < n; ++i) {
    buffer[i] = momentum * buffer[i] + g[i];
    p[i] -= signed_rate(buffer[i], lr);
  }
}

void adamw_step(float* p, const float* g, AdamwState state, int64_t n, float lr, int64_t step) {
  const double correction1 = 1.0 - std::pow(0.9, static_cast<double>(step));
  const double correction2 = 1.0 - std::pow(0.999, static_cast<double>(step));
  const auto rate = static_cast<float>(lr / correction1);
  const auto root = static_cast<float>(std::sqrt(correction2));
  for (int64_t i = 0; i < n; ++i) {
    state.first[i] += (1.0f - kBeta1) * (g[i] - state.first[i]);
    state.second[i] = kBeta2 * state.second[i] + (1.0f - kBeta2) * (g[i] * g[i]);
    p[i] -= rate * (state.first[i] / (std::sqrt(state.second[i]) / root + kEps));
  }
}

}  // namespace ar::quant
