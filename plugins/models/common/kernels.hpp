#pragma once

#include <cstdint>

namespace ar::models::kernels {

// Dense float32 loops with vector instructions chosen at run time. Single-threaded, no allocation, any alignment;
// outputs must not overlap inputs. Equal bytes on every call on one machine. Each has a scalar twin of the same name in
// `reference`, which says what is computed.

/// Rows of n numbers: y = w * x * r with r = 1 / sqrt(mean(x^2) + eps); r is kept in rstd[rows].
void rms_norm(const float* x, const float* w, float* y, float* rstd, int64_t rows, int64_t n, float eps);
/// dx = r * (w * dy - x * r^2 * mean(x * w * dy))
void rms_norm_grad(const float* x, const float* w, const float* rstd, const float* dy, float* dx, int64_t rows,
                   int64_t n);
/// dw[n] = sum over rows of dy * x * r
void rms_norm_weight_grad(const float* x, const float* rstd, const float* dy, float* dw, int64_t rows, int64_t n);

/// Heads of d numbers, `heads` a position, positions repeating after `length`: (a, b) = (x[j], x[j + half]) becomes
/// (a cos - sign b sin, b cos + sign a sin); what lies beyond 2 * half is copied. sign -1 is the inverse, hence the
/// gradient. cos and sin are [length, half].
void rotate_half(const float* x, const float* cos, const float* sin, float* y, int64_t positions, int64_t length,
                 int64_t heads, int64_t d, int64_t half, float sign);

/// y = silu(g) * u
void silu_mul(const float* g, const float* u, float* y, int64_t n);
void silu_mul_grad(const float* g, const float* u, const float* dy, float* dg, float* du, int64_t n);

namespace reference {
void rms_norm(const float* x, const float* w, float* y, float* rstd, int64_t rows, int64_t n, float eps);
void rms_norm_grad(const float* x, const float* w, const float* rstd, const float* dy, float* dx, int64_t rows,
                   int64_t n);
void rms_norm_weight_grad(const float* x, const float* rstd, const float* dy, float* dw, int64_t rows, int64_t n);
void rotate_half(const float* x, const float* cos, const float* sin, float* y, int64_t positions, int64_t length,
                 int64_t heads, int64_t d, int64_t half, float sign);
void silu_mul(const float* g, const float* u, float* y, int64_t n);
void silu_mul_grad(const float* g, const float* u, const float* dy, float* dg, float* du, int64_t n);
}  // namespace reference

}  // namespace ar::models::kernels
