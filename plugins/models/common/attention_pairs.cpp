#include "plugins/models/common/attention_pairs.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <vector>

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns about its own _mm512_undefined (bug 105593)

// Highway knows these instructions for compilers newer than ours only.
#define AR_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define AR_PAIRS_INLINE AR_PAIRS __attribute__((always_inline)) inline

namespace ar::models::kernels {
namespace {

// A word holds two bfloat16 numbers, neighbours along the dimension that a product sums over, the first in the lower half.
using Words = std::vector<uint32_t>;

constexpr int64_t kBlock = 32;  // queries handled at once: the smaller, the less work above the diagonal
constexpr int64_t kLanes = 16;
constexpr int64_t kRows = 4, kVectors = 4;  // of a tile: 16 sums hide the latency, 8 loads feed 16 products

constexpr int64_t padded(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }
AR_PAIRS_INLINE __mmask16 lanes(int64_t n) { return n >= kLanes ? 0xffff : static_cast<__mmask16>((1u << n) - 1u); }

/// Word (row i, pair k) is data[i * row_stride + k * pair_stride].
struct Left {
  const uint32_t* data;
  int64_t row_stride;
  int64_t pair_stride;
};
struct Rows {
  float* data;
  int64_t stride;
};

template <int64_t R, int64_t N>
AR_PAIRS_INLINE void tile(const Left& a, const uint32_t* b, int64_t b_stride, int64_t pairs, const Rows& c, bool add) {
  __m512 sum[R][N];
#pragma GCC unroll 4
  for (int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < N; ++v) sum[i][v] = add ? _mm512_loadu_ps(c.data + i * c.stride + v * kLanes) : _mm512_setzero_ps();
  }
  const uint32_t* words = a.data;
  for (int64_t k = 0; k < pairs; ++k, words += a.pair_stride, b += b_stride) {
    __m512bh right[N];
#pragma GCC unroll 4
    for (int64_t v = 0; v < N; ++v) right[v] = (__m512bh)_mm512_loadu_si512(b + v * kLanes);
#pragma GCC unroll 4
    for (int64_t i = 0; i < R; ++i) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(words[i * a.row_stride]));
#pragma GCC unroll 4
      for (int64_t v = 0; v < N; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], x, right[v]);
    }
  }
#pragma GCC unroll 4
  for (int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < N; ++v) _mm512_storeu_ps(c.data + i * c.stride + v * kLanes, sum[i][v]);
  }
}

template <int64_t N>
AR_PAIRS_INLINE void columns(const Left& a, int64_t m, const uint32_t* b, int64_t b_stride, int64_t pairs,
                             const Rows& c, bool add) {
  int64_t i = 0;
  const auto left = [&](int64_t row) { return Left{a.data + row * a.row_stride, a.row_stride, a.pair_stride}; };
  for (; i + kRows <= m; i += kRows) tile<kRows, N>(left(i), b, b_stride, pairs, {c.data + i * c.stride, c.stride}, add);
  for (; i < m; ++i) tile<1, N>(left(i), b, b_stride, pairs, {c.data + i * c.stride, c.stride}, add);
}

/// c [m, n] (+)= a b, summed over words; n is a whole number of vectors.
AR_PAIRS void multiply(const Left& a, int64_t m, const uint32_t* b, int64_t b_stride, int64_t n, int64_t pairs,
                       const Rows& c, bool add) {
  int64_t j = 0;
  for (; j + kVectors * kLanes <= n; j += kVectors * kLanes) {
    columns<kVectors>(a, m, b + j, b_stride, pairs, {c.data + j, c.stride}, add);
  }
  for (; j < n; j += kLanes) columns<1>(a, m, b + j, b_stride, pairs, {c.data + j, c.stride}, add);
}

AR_PAIRS_INLINE __m256i rounded(const float* from, __mmask16 used, __m512 scale) {
  return (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_maskz_loadu_ps(used, from), scale));
}

/// Rows of d numbers, scaled, as words of neighbours: to [rows, width / 2], zeros beyond d.
AR_PAIRS void pack_rows(const Rows& from, int64_t rows, int64_t d, float scale, int64_t width, uint32_t* to) {
  const __m512 factor = _mm512_set1_ps(scale);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; j += kLanes) {
      const __m256i x = rounded(from.data + i * from.stride + j, lanes(d - j), factor);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (i * width + j) / 2), x);
    }
  }
}

/// Rows 2k and 2k + 1 as words: to [rows / 2 upwards, width], zeros beyond d and after an odd last row.
AR_PAIRS void pack_row_pairs(const Rows& from, int64_t rows, int64_t d, float scale, int64_t width, uint32_t* to) {
  const __m512 factor = _mm512_set1_ps(scale);
  for (int64_t i = 0; i < rows; i += 2) {
    const float* even = from.data + i * from.stride;
    for (int64_t j = 0; j < width; j += kLanes) {
      const __mmask16 used = lanes(d - j);
      const __m512i low = _mm512_cvtepu16_epi32(rounded(even + j, used, factor));
      const bool odd = i + 1 < rows;
      const __m512i high = _mm512_cvtepu16_epi32(rounded(odd ? even + from.stride + j : even, odd ? used : 0, factor));
      _mm512_storeu_si512(to + i / 2 * width + j, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
}

/// The words of pack_rows turned over: to [width / 2, length].
void turn(const uint32_t* from, int64_t rows, int64_t words, int64_t length, uint32_t* to) {
  for (int64_t i0 = 0; i0 < rows; i0 += kLanes) {  // the sixteen rows of a tile fill whole cache lines of `to`
    const int64_t end = std::min(rows, i0 + kLanes);
    for (int64_t j = 0; j < words; ++j) {
      for (int64_t i = i0; i < end; ++i) to[j * length + i] = from[i * words + j];
    }
  }
}

AR_PAIRS void scale_rows(const float* from, int64_t width, int64_t rows, int64_t d, const float* scales, int64_t step,
                         const Rows& to) {
  for (int64_t i = 0; i < rows; ++i) {
    const __m512 scale = _mm512_set1_ps(scales[i * step]);
    for (int64_t j = 0; j < d; j += kLanes) {
      _mm512_mask_storeu_ps(to.data + i * to.stride + j, lanes(d - j),
                            _mm512_mul_ps(_mm512_loadu_ps(from + i * width + j), scale));
    }
  }
}

AR_PAIRS float dot(const float* a, const float* b, int64_t n) {
  __m512 sum = _mm512_setzero_ps();
  for (int64_t j = 0; j < n; j += kLanes) {
    sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes(n - j), a + j), _mm512_maskz_loadu_ps(lanes(n - j), b + j), sum);
  }
  return _mm512_reduce_add_ps(sum);
}

Rows rows_of(const float* p, int64_t stride) { return {const_cast<float*>(p), stride}; }

struct Sizes {
  int64_t t, d, width, words, length;  // tokens, head_dim, padded head_dim and its words, padded tokens
  int64_t q_stride, kv_stride, per_kv;
  explicit Sizes(const AttentionShape& s)
      : t(s.tokens),
        d(s.head_dim),
        width(padded(s.head_dim)),
        words(width / 2),
        length(padded(s.tokens)),
        q_stride(s.heads * s.head_dim),
        kv_stride(s.kv_heads * s.head_dim),
        per_kv(s.heads / s.kv_heads) {}
};

/// Operands by the role they play: rows of words, row pairs, turned rows. What lies beyond the tokens is zero.
struct Scratch {
  Words rows, q, q_pairs, g, g_pairs, k_pairs, k_turned, v_pairs, v_turned, p, p_pairs, ds_pairs;
  std::vector<float> scores, ds, result, dk, dv;
};
Scratch& scratch_of_thread() {
  static thread_local Scratch scratch;
  return scratch;
}

void pack_turned(const float* from, int64_t stride, const Sizes& z, Words& rows, Words& to) {
  rows.resize(static_cast<std::size_t>(z.t * z.words));
  to.assign(static_cast<std::size_t>(z.words * z.length), 0);
  pack_rows(rows_of(from, stride), z.t, z.d, 1.0F, z.width, rows.data());
  turn(rows.data(), z.t, z.words, z.length, to.data());
}
void pack_pairs(const float* from, int64_t stride, const Sizes& z, float scale, Words& to) {
  to.resize(static_cast<std::size_t>((z.t + 1) / 2 * z.width));
  pack_row_pairs(rows_of(from, stride), z.t, z.d, scale, z.width, to.data());
}
void pack(const float* from, int64_t stride, const Sizes& z, float scale, Words& to) {
  to.resize(static_cast<std::size_t>(z.t * z.words));
  pack_rows(rows_of(from, stride), z.t, z.d, scale, z.width, to.data());
}

}  // namespace

bool multiplies_pairs() { return __builtin_cpu_supports("avx512bf16") != 0 && __builtin_cpu_supports("avx512vl") != 0; }

void causal_attention_pairs(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse) {
  const Sizes z(shape);
  Scratch& s = scratch_of_thread();
  s.p.resize(static_cast<std::size_t>(kBlock * z.length / 2));
  s.scores.resize(static_cast<std::size_t>(kBlock * z.length));
  s.result.resize(static_cast<std::size_t>(kBlock * z.width));
  for (int64_t h = 0; h < shape.heads; ++h) {
    if (h % z.per_kv == 0) {
      const int64_t kv = h / z.per_kv * z.d;
      pack_turned(in.k + kv, z.kv_stride, z, s.rows, s.k_turned);
      pack_pairs(in.v + kv, z.kv_stride, z, 1.0F, s.v_pairs);
    }
    pack(in.q + h * z.d, z.q_stride, z, shape.scale, s.q);
    for (int64_t i0 = 0; i0 < z.t; i0 += kBlock) {
      const int64_t m = std::min(kBlock, z.t - i0), seen = i0 + m, n = padded(seen);
      const Rows scores{s.scores.data(), z.length};
      multiply({s.q.data() + i0 * z.words, z.words, 1}, m, s.k_turned.data(), z.length, n, z.words, scores, false);
      float inverse[kBlock];
      softmax_block(scores.data, z.length, n, m, i0, inverse, lse + h * z.t + i0);
      pack_rows(scores, m, n, 1.0F, n, s.p.data());
      multiply({s.p.data(), n / 2, 1}, m, s.v_pairs.data(), z.width, z.width, (seen + 1) / 2,
               {s.result.data(), z.width}, false);
      scale_rows(s.result.data(), z.width, m, z.d, inverse, 1, {out + i0 * z.q_stride + h * z.d, z.q_stride});
    }
  }
}

void causal_attention_pairs_grad(const AttentionShape& shape, const AttentionInput& in, const float* out,
                                 const float* lse, const float* dout, const AttentionGrads& grads) {
  const Sizes z(shape);
  Scratch& s = scratch_of_thread();
  for (auto* words : {&s.p, &s.p_pairs, &s.ds_pairs}) words->resize(static_cast<std::size_t>(kBlock * z.length / 2));
  for (auto* block : {&s.scores, &s.ds}) block->resize(static_cast<std::size_t>(kBlock * z.length));
  s.result.resize(static_cast<std::size_t>(kBlock * z.width));
  const float one = 1.0F;
  for (int64_t h = 0; h < shape.heads; ++h) {
    const int64_t kv = h / z.per_kv * z.d;
    if (h % z.per_kv == 0) {
      pack_turned(in.k + kv, z.kv_stride, z, s.rows, s.k_turned);
      pack_turned(in.v + kv, z.kv_stride, z, s.rows, s.v_turned);
      pack_pairs(in.k + kv, z.kv_stride, z, 1.0F, s.k_pairs);
      for (auto* sum : {&s.dk, &s.dv}) sum->assign(static_cast<std::size_t>(z.t * z.width), 0.0F);
    }
    const float* o = out + h * z.d;
    const float* g = dout + h * z.d;
    pack(in.q + h * z.d, z.q_stride, z, shape.scale, s.q);
    pack_pairs(in.q + h * z.d, z.q_stride, z, shape.scale, s.q_pairs);
    pack(g, z.q_stride, z, 1.0F, s.g);
    pack_pairs(g, z.q_stride, z, 1.0F, s.g_pairs);
    for (int64_t i0 = 0; i0 < z.t; i0 += kBlock) {
      const int64_t m = std::min(kBlock, z.t - i0), seen = i0 + m, n = padded(seen), pairs = (m + 1) / 2;
      const Rows p{s.scores.data(), z.length}, ds{s.ds.data(), z.length};
      multiply({s.q.data() + i0 * z.words, z.words, 1}, m, s.k_turned.data(), z.length, n, z.words, p, false);
      multiply({s.g.data() + i0 * z.words, z.words, 1}, m, s.v_turned.data(), z.length, n, z.words, ds, false);
      float delta[kBlock];
      for (int64_t i = 0; i < m; ++i) delta[i] = dot(g + (i0 + i) * z.q_stride, o + (i0 + i) * z.q_stride, z.d);
      softmax_grad_block(p.data, ds.data, z.length, n, m, i0, lse + h * z.t + i0, delta);
      pack_row_pairs(p, m, n, 1.0F, n, s.p_pairs.data());
      pack_row_pairs(ds, m, n, 1.0F, n, s.ds_pairs.data());
      pack_rows(ds, m, n, 1.0F, n, s.p.data());
      const int64_t from = i0 / 2 * z.width;  // whole pairs: kBlock is even
      multiply({s.p_pairs.data(), 1, n}, seen, s.g_pairs.data() + from, z.width, z.width, pairs,
               {s.dv.data(), z.width}, true);
      multiply({s.ds_pairs.data(), 1, n}, seen, s.q_pairs.data() + from, z.width, z.width, pairs,
               {s.dk.data(), z.width}, true);
      multiply({s.p.data(), n / 2, 1}, m, s.k_pairs.data(), z.width, z.width, (seen + 1) / 2,
               {s.result.data(), z.width}, false);
      scale_rows(s.result.data(), z.width, m, z.d, &shape.scale, 0, {grads.dq + i0 * z.q_stride + h * z.d, z.q_stride});
    }
    if (h % z.per_kv == z.per_kv - 1) {
      scale_rows(s.dk.data(), z.width, z.t, z.d, &one, 0, {grads.dk + kv, z.kv_stride});  // the scale came with q
      scale_rows(s.dv.data(), z.width, z.t, z.d, &one, 0, {grads.dv + kv, z.kv_stride});
    }
  }
}

}  // namespace ar::models::kernels
#else
namespace ar::models::kernels {

bool multiplies_pairs() { return false; }
void causal_attention_pairs(const AttentionShape& shape, const AttentionInput& in, float* out, float* lse) {
  causal_attention(shape, in, out, lse);
}
void causal_attention_pairs_grad(const AttentionShape& shape, const AttentionInput& in, const float* out,
                                 const float* lse, const float* dout, const AttentionGrads& grads) {
  causal_attention_grad(shape, in, out, lse, dout, grads);
}

}  // namespace ar::models::kernels
#endif
