#include "plugins/models/common/attention_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "plugins/models/common/attention_pairs.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plugins/models/common/attention_kernels.cpp"
#include <hwy/foreach_target.h>  // first: it includes this file once per instruction set

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>  // needs what highway.h defines

HWY_BEFORE_NAMESPACE();
namespace ar::models::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

constexpr int64_t kBlock = 32;  // queries handled at once: the smaller, the less work above the diagonal

HWY_INLINE int64_t Lanes() { return static_cast<int64_t>(hn::Lanes(D())); }
HWY_INLINE int64_t Padded(int64_t n) { return (n + Lanes() - 1) / Lanes() * Lanes(); }

/// Element (i, k) of a matrix is p[i * row + k * col].
struct Operand {
  const float* p;
  int64_t row;
  int64_t col;
};
struct Rows {
  float* p;
  int64_t stride;
};

/// Two vectors wide, four rows: c (+)= a b over k. Every element sums over k in order, whatever the vector width.
HWY_INLINE void Tile4x2(const Operand& a, const float* b, int64_t ldb, int64_t k, const Rows& c, bool add) {
  const D d;
  const int64_t w = Lanes();
  V c00 = hn::Zero(d), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const float* a0 = a.p;
  for (int64_t i = 0; i < k; ++i, a0 += a.col, b += ldb) {
    const V b0 = hn::LoadU(d, b), b1 = hn::LoadU(d, b + w);
    const V x0 = hn::Set(d, a0[0]), x1 = hn::Set(d, a0[a.row]);
    c00 = hn::MulAdd(x0, b0, c00);
    c01 = hn::MulAdd(x0, b1, c01);
    c10 = hn::MulAdd(x1, b0, c10);
    c11 = hn::MulAdd(x1, b1, c11);
    const V x2 = hn::Set(d, a0[2 * a.row]), x3 = hn::Set(d, a0[3 * a.row]);
    c20 = hn::MulAdd(x2, b0, c20);
    c21 = hn::MulAdd(x2, b1, c21);
    c30 = hn::MulAdd(x3, b0, c30);
    c31 = hn::MulAdd(x3, b1, c31);
  }
  const auto put = [&](float* to, V x0, V x1) HWY_ATTR {
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to), x0) : x0, d, to);
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to + w), x1) : x1, d, to + w);
  };
  put(c.p, c00, c01);
  put(c.p + c.stride, c10, c11);
  put(c.p + 2 * c.stride, c20, c21);
  put(c.p + 3 * c.stride, c30, c31);
}

HWY_INLINE void Tile1x1(const Operand& a, const float* b, int64_t ldb, int64_t k, float* c, bool add) {
  const D d;
  V sum = hn::Zero(d);
  const float* x = a.p;
  for (int64_t i = 0; i < k; ++i, x += a.col, b += ldb) sum = hn::MulAdd(hn::Set(d, *x), hn::LoadU(d, b), sum);
  hn::StoreU(add ? hn::Add(hn::LoadU(d, c), sum) : sum, d, c);
}

/// c [m, n] (+)= a [m, k] b [k, n]; n is a whole number of vectors.
HWY_INLINE void Multiply(const Operand& a, const float* b, int64_t ldb, int64_t m, int64_t n, int64_t k, const Rows& c,
                         bool add) {
  const int64_t w = Lanes();
  for (int64_t j = 0; j < n; j += 2 * w) {
    const bool pair = j + 2 * w <= n;
    int64_t i = 0;
    for (; pair && i + 4 <= m; i += 4) {
      Tile4x2({a.p + i * a.row, a.row, a.col}, b + j, ldb, k, {c.p + i * c.stride + j, c.stride}, add);
    }
    for (; i < m; ++i) {
      const Operand row{a.p + i * a.row, a.row, a.col};
      for (int64_t at = j; at < std::min(n, j + 2 * w); at += w)
        Tile1x1(row, b + at, ldb, k, c.p + i * c.stride + at, add);
    }
  }
}

/// Rows of one head, padded with zeros to whole vectors and scaled; or the same turned over.
void Pack(const float* from, int64_t stride, int64_t rows, int64_t d, int64_t width, float scale, float* to) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < d; ++j) to[i * width + j] = from[i * stride + j] * scale;
    for (int64_t j = d; j < width; ++j) to[i * width + j] = 0.0f;
  }
}
void PackTransposed(const float* from, int64_t stride, int64_t rows, int64_t d, int64_t width, float* to) {
  for (int64_t j = 0; j < d; ++j) {
    for (int64_t i = 0; i < rows; ++i) to[j * width + i] = from[i * stride + j];
    for (int64_t i = rows; i < width; ++i) to[j * width + i] = 0.0f;
  }
}
void Unpack(const float* from, int64_t width, int64_t rows, int64_t d, float scale, float* to, int64_t stride) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < d; ++j) to[i * stride + j] = from[i * width + j] * scale;
  }
}

/// s[0..n) := exp(s - shift) for columns up to `last`, 0 beyond; n is a whole number of vectors. Returns the sum.
HWY_INLINE float ExpRow(float* s, int64_t last, int64_t n, float shift) {
  const D d;
  const int64_t w = Lanes();
  V sum = hn::Zero(d);
  for (int64_t j = 0; j < n; j += w) {
    const auto left = last + 1 - j;
    if (left <= 0) {
      hn::StoreU(hn::Zero(d), d, s + j);
      continue;
    }
    V p = hn::Exp(d, hn::Sub(hn::LoadU(d, s + j), hn::Set(d, shift)));
    if (left < w) p = hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(left)), p);
    hn::StoreU(p, d, s + j);
    sum = hn::Add(sum, p);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

HWY_INLINE float MaxOf(const float* s, int64_t n) {
  const D d;
  const int64_t w = Lanes();
  V highest = hn::Set(d, s[0]);
  int64_t j = 0;
  for (; j + w <= n; j += w) highest = hn::Max(highest, hn::LoadU(d, s + j));
  float result = hn::GetLane(hn::MaxOfLanes(d, highest));
  for (; j < n; ++j) result = std::max(result, s[j]);
  return result;
}

/// Sum of a[j] b[j] over whole vectors.
HWY_INLINE float Dot(const float* a, const float* b, int64_t n) {
  const D d;
  V sum = hn::Zero(d);
  for (int64_t j = 0; j < n; j += Lanes()) sum = hn::MulAdd(hn::LoadU(d, a + j), hn::LoadU(d, b + j), sum);
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

void SoftmaxBlock(float* s, int64_t stride, int64_t n, int64_t rows, int64_t first, float* inverse, float* lse) {
  for (int64_t i = 0; i < rows; ++i, s += stride) {
    const float highest = MaxOf(s, first + i + 1);
    const float sum = ExpRow(s, first + i, n, highest);
    inverse[i] = 1.0f / sum;
    lse[i] = highest + std::log(sum);
  }
}

void SoftmaxGradBlock(float* s, float* ds, int64_t stride, int64_t n, int64_t rows, int64_t first, const float* lse,
                      const float* delta) {
  const D d;
  for (int64_t i = 0; i < rows; ++i, s += stride, ds += stride) {
    ExpRow(s, first + i, n, lse[i]);
    for (int64_t j = 0; j < n; j += Lanes()) {
      const V error = hn::Sub(hn::LoadU(d, ds + j), hn::Set(d, delta[i]));
      hn::StoreU(hn::Mul(hn::LoadU(d, s + j), error), d, ds + j);
    }
  }
}

struct Sizes {
  int64_t t, d, width, length;  // tokens, head_dim, padded head_dim, padded tokens
  explicit Sizes(const AttentionShape& s)
      : t(s.tokens), d(s.head_dim), width(Padded(s.head_dim)), length(Padded(s.tokens)) {}
};

struct Scratch {
  std::vector<float> q, k, k_turned, v, v_turned, scores, ds, result, out, dout, dk, dv;
};
Scratch& ScratchOfThread() {
  static thread_local Scratch scratch;
  return scratch;
}

void Forward(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse) {
  const Sizes z(shape);
  Scratch& s = ScratchOfThread();
  s.q.resize(z.t * z.width);
  s.k_turned.resize(z.d * z.length);
  s.v.resize(z.t * z.width);
  s.scores.resize(kBlock * z.length);
  s.result.resize(kBlock * z.width);
  const int64_t q_stride = shape.heads * z.d, kv_stride = shape.kv_heads * z.d;
  const int64_t per_kv = shape.heads / shape.kv_heads;
  for (int64_t h = 0; h < shape.heads; ++h) {
    if (h % per_kv == 0) {
      PackTransposed(in.k + h / per_kv * z.d, kv_stride, z.t, z.d, z.length, s.k_turned.data());
      Pack(in.v + h / per_kv * z.d, kv_stride, z.t, z.d, z.width, 1.0f, s.v.data());
    }
    Pack(in.q + h * z.d, q_stride, z.t, z.d, z.width, shape.scale, s.q.data());
    for (int64_t i0 = 0; i0 < z.t; i0 += kBlock) {
      const int64_t m = std::min(kBlock, z.t - i0), seen = i0 + m;
      Multiply({s.q.data() + i0 * z.width, z.width, 1}, s.k_turned.data(), z.length, m, Padded(seen), z.d,
               {s.scores.data(), z.length}, false);
      float inverse[kBlock];
      SoftmaxBlock(s.scores.data(), z.length, Padded(seen), m, i0, inverse, lse + h * z.t + i0);
      Multiply({s.scores.data(), z.length, 1}, s.v.data(), z.width, m, z.width, seen, {s.result.data(), z.width},
               false);
      for (int64_t i = 0; i < m; ++i) {
        Unpack(s.result.data() + i * z.width, z.width, 1, z.d, inverse[i], out + (i0 + i) * q_stride + h * z.d,
               q_stride);
      }
    }
  }
}

void Backward(const AttentionShape& shape, const AttentionInput& in, const float* out, const float* lse,
              const float* dout, const AttentionGrads& grads) {
  const Sizes z(shape);
  Scratch& s = ScratchOfThread();
  for (auto* rows : {&s.q, &s.k, &s.out, &s.dout, &s.dk, &s.dv}) rows->resize(z.t * z.width);
  for (auto* turned : {&s.k_turned, &s.v_turned}) turned->resize(z.d * z.length);
  for (auto* scores : {&s.scores, &s.ds}) scores->resize(kBlock * z.length);
  s.result.resize(kBlock * z.width);
  const int64_t q_stride = shape.heads * z.d, kv_stride = shape.kv_heads * z.d;
  const int64_t per_kv = shape.heads / shape.kv_heads;
  for (int64_t h = 0; h < shape.heads; ++h) {
    const int64_t kv = h / per_kv * z.d;
    if (h % per_kv == 0) {
      Pack(in.k + kv, kv_stride, z.t, z.d, z.width, 1.0f, s.k.data());
      PackTransposed(in.k + kv, kv_stride, z.t, z.d, z.length, s.k_turned.data());
      PackTransposed(in.v + kv, kv_stride, z.t, z.d, z.length, s.v_turned.data());
      std::fill(s.dk.begin(), s.dk.end(), 0.0f);
      std::fill(s.dv.begin(), s.dv.end(), 0.0f);
    }
    Pack(in.q + h * z.d, q_stride, z.t, z.d, z.width, shape.scale, s.q.data());
    Pack(out + h * z.d, q_stride, z.t, z.d, z.width, 1.0f, s.out.data());
    Pack(dout + h * z.d, q_stride, z.t, z.d, z.width, 1.0f, s.dout.data());
    for (int64_t i0 = 0; i0 < z.t; i0 += kBlock) {
      const int64_t m = std::min(kBlock, z.t - i0), seen = i0 + m, n = Padded(seen);
      const float* q = s.q.data() + i0 * z.width;
      const float* g = s.dout.data() + i0 * z.width;
      Multiply({q, z.width, 1}, s.k_turned.data(), z.length, m, n, z.d, {s.scores.data(), z.length}, false);
      Multiply({g, z.width, 1}, s.v_turned.data(), z.length, m, n, z.d, {s.ds.data(), z.length}, false);
      float delta[kBlock];
      for (int64_t i = 0; i < m; ++i) delta[i] = Dot(g + i * z.width, s.out.data() + (i0 + i) * z.width, z.width);
      SoftmaxGradBlock(s.scores.data(), s.ds.data(), z.length, n, m, i0, lse + h * z.t + i0, delta);
      Multiply({s.scores.data(), 1, z.length}, g, z.width, seen, z.width, m, {s.dv.data(), z.width}, true);
      Multiply({s.ds.data(), 1, z.length}, q, z.width, seen, z.width, m, {s.dk.data(), z.width}, true);
      Multiply({s.ds.data(), z.length, 1}, s.k.data(), z.width, m, z.width, seen, {s.result.data(), z.width}, false);
      Unpack(s.result.data(), z.width, m, z.d, shape.scale, grads.dq + i0 * q_stride + h * z.d, q_stride);
    }
    if (h % per_kv == per_kv - 1) {
      Unpack(s.dk.data(), z.width, z.t, z.d, 1.0f, grads.dk + kv, kv_stride);  // the scale came with q
      Unpack(s.dv.data(), z.width, z.t, z.d, 1.0f, grads.dv + kv, kv_stride);
    }
  }
}

}  // namespace ar::models::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::models::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);
HWY_EXPORT(SoftmaxBlock);
HWY_EXPORT(SoftmaxGradBlock);

void causal_attention(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse) {
  HWY_DYNAMIC_DISPATCH(Forward)(shape, in, out, lse);
}
void causal_attention_grad(const AttentionShape& shape, const AttentionInput& in, const float* out, const float* lse,
                           const float* dout, const AttentionGrads& grads) {
  HWY_DYNAMIC_DISPATCH(Backward)(shape, in, out, lse, dout, grads);
}

void softmax_block(float* s, int64_t stride, int64_t n, int64_t rows, int64_t first, float* inverse, float* lse) {
  HWY_DYNAMIC_DISPATCH(SoftmaxBlock)(s, stride, n, rows, first, inverse, lse);
}
void softmax_grad_block(float* s, float* ds, int64_t stride, int64_t n, int64_t rows, int64_t first, const float* lse,
                        const float* delta) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradBlock)(s, ds, stride, n, rows, first, lse, delta);
}

}  // namespace ar::models::kernels
#endif
