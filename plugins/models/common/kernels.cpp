#include "plugins/models/common/kernels.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plugins/models/common/kernels.cpp"
#include <hwy/foreach_target.h>  // first: it includes this file once per instruction set

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>  // needs what highway.h defines

HWY_BEFORE_NAMESPACE();
namespace ar::models::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Runs body(vector position) over whole vectors and tail(index) over what is left.
template <typename Body, typename Tail>
HWY_INLINE void for_each(int64_t n, const Body& body, const Tail& tail) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i);
  for (; i < n; ++i) tail(i);
}

/// Sum of term(i) over whole vectors in four interleaved sums, then of tail(i).
template <typename Term, typename Tail>
HWY_INLINE float sum_of(int64_t n, const Term& term, const Tail& tail) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = term(i, s0);
    s1 = term(i + lanes, s1);
    s2 = term(i + 2 * lanes, s2);
    s3 = term(i + 3 * lanes, s3);
  }
  for (; i + lanes <= n; i += lanes) s0 = term(i, s0);
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < n; ++i) sum += tail(i);
  return sum;
}

void RmsNorm(const float* x, const float* w, float* y, float* rstd, int64_t rows, int64_t n, float eps) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const float squares = sum_of(
        n,
        [&](int64_t i, V s) HWY_ATTR {
          const V v = hn::LoadU(d, x + i);
          return hn::MulAdd(v, v, s);
        },
        [&](int64_t i) HWY_ATTR { return x[i] * x[i]; });
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(n) + eps);
    rstd[r] = scale;
    const V vs = hn::Set(d, scale);
    for_each(
        n,
        [&](int64_t i)
            HWY_ATTR { hn::StoreU(hn::Mul(hn::LoadU(d, w + i), hn::Mul(hn::LoadU(d, x + i), vs)), d, y + i); },
        [&](int64_t i) HWY_ATTR { y[i] = w[i] * (x[i] * scale); });
  }
}

void RmsNormGrad(const float* x, const float* w, const float* rstd, const float* dy, float* dx, int64_t rows,
                 int64_t n) {
  const D d;
  for (int64_t r = 0; r < rows; ++r, x += n, dy += n, dx += n) {
    const float dot = sum_of(
        n,
        [&](int64_t i, V s)
            HWY_ATTR { return hn::MulAdd(hn::Mul(hn::LoadU(d, w + i), hn::LoadU(d, dy + i)), hn::LoadU(d, x + i), s); },
        [&](int64_t i) HWY_ATTR { return w[i] * dy[i] * x[i]; });
    const float scale = rstd[r];
    const float shrink = scale * scale * (dot / static_cast<float>(n));
    const V vs = hn::Set(d, scale), vk = hn::Set(d, shrink);
    for_each(
        n,
        [&](int64_t i) HWY_ATTR {
          const V wdy = hn::Mul(hn::LoadU(d, w + i), hn::LoadU(d, dy + i));
          hn::StoreU(hn::Mul(vs, hn::NegMulAdd(hn::LoadU(d, x + i), vk, wdy)), d, dx + i);
        },
        [&](int64_t i) HWY_ATTR { dx[i] = scale * (w[i] * dy[i] - x[i] * shrink); });
  }
}

void RmsNormWeightGrad(const float* x, const float* rstd, const float* dy, float* dw, int64_t rows, int64_t n) {
  const D d;
  for (int64_t i = 0; i < n; ++i) dw[i] = 0.0f;
  for (int64_t r = 0; r < rows; ++r, x += n, dy += n) {
    const float scale = rstd[r];
    const V vs = hn::Set(d, scale);
    for_each(
        n,
        [&](int64_t i) HWY_ATTR {
          const V term = hn::Mul(hn::LoadU(d, dy + i), hn::LoadU(d, x + i));
          hn::StoreU(hn::MulAdd(term, vs, hn::LoadU(d, dw + i)), d, dw + i);
        },
        [&](int64_t i) HWY_ATTR { dw[i] += dy[i] * x[i] * scale; });
  }
}

HWY_INLINE void RotateHead(const float* HWY_RESTRICT x, const float* HWY_RESTRICT c, const float* HWY_RESTRICT s,
                           float* HWY_RESTRICT y, int64_t half, float sign) {
  const D d;
  const V vsign = hn::Set(d, sign);
  for_each(
      half,
      [&](int64_t j) HWY_ATTR {
        const V a = hn::LoadU(d, x + j), b = hn::LoadU(d, x + j + half);
        const V cos = hn::LoadU(d, c + j), sin = hn::Mul(vsign, hn::LoadU(d, s + j));
        hn::StoreU(hn::NegMulAdd(b, sin, hn::Mul(a, cos)), d, y + j);
        hn::StoreU(hn::MulAdd(a, sin, hn::Mul(b, cos)), d, y + j + half);
      },
      [&](int64_t j) HWY_ATTR {
        const float sin = sign * s[j];
        y[j] = x[j] * c[j] - x[j + half] * sin;
        y[j + half] = x[j + half] * c[j] + x[j] * sin;
      });
}

void RotateHalf(const float* x, const float* cos, const float* sin, float* y, int64_t positions, int64_t length,
                int64_t heads, int64_t d, int64_t half, float sign) {
  for (int64_t p = 0; p < positions; ++p) {
    const int64_t row = (p % length) * half;
    for (int64_t h = 0; h < heads; ++h, x += d, y += d) {
      RotateHead(x, cos + row, sin + row, y, half, sign);
      for (int64_t j = 2 * half; j < d; ++j) y[j] = x[j];
    }
  }
}

HWY_INLINE V Sigmoid(V x) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(hn::Max(x, hn::Set(d, -87.0f))))));  // exp(88.8) overflows
}

/// Loads n < Lanes numbers, zeros after them.
HWY_INLINE V LoadPart(const float* p, int64_t n) {
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)] = {};
  for (int64_t i = 0; i < n; ++i) buffer[i] = p[i];
  return hn::Load(D(), buffer);
}
HWY_INLINE void StorePart(V v, float* p, int64_t n) {
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, D(), buffer);
  for (int64_t i = 0; i < n; ++i) p[i] = buffer[i];
}

void SiluMul(const float* g, const float* u, float* y, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto value = [](V vg, V vu) HWY_ATTR { return hn::Mul(hn::Mul(vg, Sigmoid(vg)), vu); };
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(value(hn::LoadU(d, g + i), hn::LoadU(d, u + i)), d, y + i);
  if (i < n) StorePart(value(LoadPart(g + i, n - i), LoadPart(u + i, n - i)), y + i, n - i);
}

struct SiluGrads {
  V dg, du;
};
HWY_INLINE SiluGrads SiluGrad(V g, V u, V dy) {
  const V one = hn::Set(D(), 1.0f);
  const V sigmoid = Sigmoid(g);
  const V dys = hn::Mul(dy, sigmoid);
  const V slope = hn::MulAdd(g, hn::Sub(one, sigmoid), one);
  return {hn::Mul(hn::Mul(dys, u), slope), hn::Mul(dys, g)};
}

void SiluMulGrad(const float* g, const float* u, const float* dy, float* dg, float* du, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const SiluGrads out = SiluGrad(hn::LoadU(d, g + i), hn::LoadU(d, u + i), hn::LoadU(d, dy + i));
    hn::StoreU(out.dg, d, dg + i);
    hn::StoreU(out.du, d, du + i);
  }
  if (i == n) return;
  const SiluGrads out = SiluGrad(LoadPart(g + i, n - i), LoadPart(u + i, n - i), LoadPart(dy + i, n - i));
  StorePart(out.dg, dg + i, n - i);
  StorePart(out.du, du + i, n - i);
}

}  // namespace ar::models::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::models::kernels {

HWY_EXPORT(RmsNorm);
HWY_EXPORT(RmsNormGrad);
HWY_EXPORT(RmsNormWeightGrad);
HWY_EXPORT(RotateHalf);
HWY_EXPORT(SiluMul);
HWY_EXPORT(SiluMulGrad);

void rms_norm(const float* x, const float* w, float* y, float* rstd, int64_t rows, int64_t n, float eps) {
  HWY_DYNAMIC_DISPATCH(RmsNorm)(x, w, y, rstd, rows, n, eps);
}
void rms_norm_grad(const float* x, const float* w, const float* rstd, const float* dy, float* dx, int64_t rows,
                   int64_t n) {
  HWY_DYNAMIC_DISPATCH(RmsNormGrad)(x, w, rstd, dy, dx, rows, n);
}
void rms_norm_weight_grad(const float* x, const float* rstd, const float* dy, float* dw, int64_t rows, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RmsNormWeightGrad)(x, rstd, dy, dw, rows, n);
}
void rotate_half(const float* x, const float* cos, const float* sin, float* y, int64_t positions, int64_t length,
                 int64_t heads, int64_t d, int64_t half, float sign) {
  HWY_DYNAMIC_DISPATCH(RotateHalf)(x, cos, sin, y, positions, length, heads, d, half, sign);
}
void silu_mul(const float* g, const float* u, float* y, int64_t n) { HWY_DYNAMIC_DISPATCH(SiluMul)(g, u, y, n); }
void silu_mul_grad(const float* g, const float* u, const float* dy, float* dg, float* du, int64_t n) {
  HWY_DYNAMIC_DISPATCH(SiluMulGrad)(g, u, dy, dg, du, n);
}

}  // namespace ar::models::kernels
#endif
