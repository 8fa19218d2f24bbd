#include <cmath>

#include "plugins/models/common/kernels.hpp"

namespace ar::models::kernels::reference {

void rms_norm(const float* x, const float* w, float* y, float* rstd, int64_t rows, int64_t n, float eps) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
    rstd[r] = static_cast<float>(1.0 / std::sqrt(sum / static_cast<double>(n) + eps));
    for (int64_t i = 0; i < n; ++i) y[i] = w[i] * (x[i] * rstd[r]);
  }
}

void rms_norm_grad(const float* x, const float* w, const float* rstd, const float* dy, float* dx, int64_t rows,
                   int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n, dy += n, dx += n) {
    double dot = 0.0;
    for (int64_t i = 0; i < n; ++i) dot += static_cast<double>(x[i]) * w[i] * dy[i];
    const double s = rstd[r];
    const double shrink = s * s * dot / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) dx[i] = static_cast<float>(s * (static_cast<double>(w[i]) * dy[i] - x[i] * shrink));
  }
}

void rms_norm_weight_grad(const float* x, const float* rstd, const float* dy, float* dw, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (int64_t r = 0; r < rows; ++r) sum += static_cast<double>(dy[r * n + i]) * x[r * n + i] * rstd[r];
    dw[i] = static_cast<float>(sum);
  }
}

void rotate_half(const float* x, const float* cos, const float* sin, float* y, int64_t positions, int64_t length,
                 int64_t heads, int64_t d, int64_t half, float sign) {
  for (int64_t p = 0; p < positions; ++p) {
    const float* c = cos + (p % length) * half;
    const float* s = sin + (p % length) * half;
    for (int64_t h = 0; h < heads; ++h, x += d, y += d) {
      for (int64_t j = 0; j < half; ++j) {
        y[j] = x[j] * c[j] - sign * x[j + half] * s[j];
        y[j + half] = x[j + half] * c[j] + sign * x[j] * s[j];
      }
      for (int64_t j = 2 * half; j < d; ++j) y[j] = x[j];
    }
  }
}

void silu_mul(const float* g, const float* u, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const double sigmoid = 1.0 / (1.0 + std::exp(-static_cast<double>(g[i])));
    y[i] = static_cast<float>(g[i] * sigmoid * u[i]);
  }
}

void silu_mul_grad(const float* g, const float* u, const float* dy, float* dg, float* du, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const double sigmoid = 1.0 / (1.0 + std::exp(-static_cast<double>(g[i])));
    du[i] = static_cast<float>(dy[i] * g[i] * sigmoid);
    dg[i] = static_cast<float>(dy[i] * static_cast<double>(u[i]) * sigmoid * (1.0 + g[i] * (1.0 - sigmoid)));
  }
}

}  // namespace ar::models::kernels::reference
