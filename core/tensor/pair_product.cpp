#include "core/tensor/pair_product.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns about its own _mm512_undefined (bug 105593)

// Highway knows these instructions for compilers newer than ours only.
#define AR_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define AR_PAIRS_INLINE AR_PAIRS __attribute__((always_inline)) inline

namespace ar::tensor {
namespace {

constexpr int64_t kWords = 16;                 // of a vector
constexpr int64_t kVectors = kPanel / kWords;  // of a panel
constexpr int64_t kRows = 8;                   // 24 sums, 3 vectors of b, 1 of a: 28 of the 32 registers

/// The first n lanes.
__mmask16 lanes(int64_t n) { return n >= kWords ? 0xffff : static_cast<__mmask16>(n <= 0 ? 0 : (1u << n) - 1u); }

/// R rows of a times one panel. Every element sums over the pairs in order.
template <int64_t R>
AR_PAIRS_INLINE void tile(const PairRows& a, const uint32_t* panel, int64_t columns, int64_t pairs, float* c,
                          int64_t c_stride) {
  __m512 sum[R][kVectors];
#pragma GCC unroll 8
  for (int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 3
    for (int64_t v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  }
  const uint32_t* words = a.data;
  for (int64_t k = 0; k < pairs; ++k, panel += kPanel, words += a.pair_stride) {
    __m512bh b[kVectors];
#pragma GCC unroll 3
    for (int64_t v = 0; v < kVectors; ++v) b[v] = (__m512bh)_mm512_loadu_si512(panel + v * kWords);
#pragma GCC unroll 8
    for (int64_t i = 0; i < R; ++i) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(words[i * a.row_stride]));
#pragma GCC unroll 3
      for (int64_t v = 0; v < kVectors; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], x, b[v]);
    }
  }
#pragma GCC unroll 8
  for (int64_t i = 0; i < R; ++i) {
#pragma GCC unroll 3
    for (int64_t v = 0; v < kVectors; ++v) {
      _mm512_mask_storeu_ps(c + i * c_stride + v * kWords, lanes(columns - v * kWords), sum[i][v]);
    }
  }
}

AR_PAIRS void product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                      int64_t c_stride) {
  for (int64_t j = 0; j < columns; j += kPanel) {
    const uint32_t* panel = b.data + j / kPanel * b.panel_stride;
    const auto row = [&](int64_t i) { return PairRows{a.data + i * a.row_stride, a.row_stride, a.pair_stride}; };
    int64_t i = 0;
    for (; i + kRows <= rows; i += kRows)
      tile<kRows>(row(i), panel, columns - j, pairs, c + i * c_stride + j, c_stride);
    for (; i < rows; ++i) tile<1>(row(i), panel, columns - j, pairs, c + i * c_stride + j, c_stride);
  }
}

/// Sixteen words from two rows of bfloat16.
AR_PAIRS_INLINE __m512i interleave(__m256i even, __m256i odd) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
}

AR_PAIRS_INLINE __m256i load(const Bf16* p, __mmask16 used) { return _mm256_maskz_loadu_epi16(used, p); }
AR_PAIRS_INLINE __m256i load(const float* p, __mmask16 used) {
  return (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(used, p));
}

template <typename X>
AR_PAIRS_INLINE void pack(const X* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded) {
  for (int64_t i = 0; i < rows; i += 2) {
    for (int64_t j = 0; j < columns; j += kWords) {
      const __mmask16 used = lanes(columns - j), below = i + 1 < rows ? used : 0;
      const int64_t at = i * columns + j;
      const __m256i even = load(x + at, used);
      const __m256i odd = load(x + at + (below != 0 ? columns : 0), below);
      if (rounded != nullptr) {
        _mm256_mask_storeu_epi16(rounded + at, used, even);
        _mm256_mask_storeu_epi16(rounded + at + columns, below, odd);
      }
      uint32_t* out = to.data + j / kPanel * to.panel_stride + i / 2 * kPanel + j % kPanel;
      _mm512_mask_storeu_epi32(out, used, interleave(even, odd));
    }
  }
}
AR_PAIRS void pack_numbers(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded) {
  pack(x, rows, columns, to, rounded);
}
AR_PAIRS void pack_rounded(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to) {
  pack(x, rows, columns, to, nullptr);
}

/// Sixteen rows of sixteen words, turned over.
AR_PAIRS_INLINE void turn(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  __m512i r[16], t[16];
#pragma GCC unroll 16
  for (int64_t i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_stride);
#pragma GCC unroll 8
  for (int64_t i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int64_t i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Lane l of r[4 i + c] is column 4 l + c of rows 4 i to 4 i + 3.
#pragma GCC unroll 4
  for (int64_t c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);
    const __m512i even_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
    const __m512i odd_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
    const __m512i odd_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
    _mm512_storeu_si512(to + c * to_stride, _mm512_shuffle_i32x4(even_low, even_high, 0x88));
    _mm512_storeu_si512(to + (4 + c) * to_stride, _mm512_shuffle_i32x4(odd_low, odd_high, 0x88));
    _mm512_storeu_si512(to + (8 + c) * to_stride, _mm512_shuffle_i32x4(even_low, even_high, 0xdd));
    _mm512_storeu_si512(to + (12 + c) * to_stride, _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd));
  }
}

AR_PAIRS void pack_turned_words(const uint32_t* words, int64_t rows, int64_t pairs, const PairPanels& to) {
  for (int64_t i = 0; i < rows; i += kWords) {
    uint32_t* panel = to.data + i / kPanel * to.panel_stride + i % kPanel;
    int64_t k = 0;
    if (i + kWords <= rows) {
      for (; k + kWords <= pairs; k += kWords) turn(words + i * pairs + k, pairs, panel + k * kPanel, kPanel);
    }
    for (; k < pairs; ++k) {
      for (int64_t row = i; row < rows && row < i + kWords; ++row) panel[k * kPanel + row - i] = words[row * pairs + k];
    }
  }
}

bool multiplies_pairs() { return __builtin_cpu_supports("avx512bf16") != 0 && __builtin_cpu_supports("avx512vl") != 0; }

/// GCC 12 has no name for it: leaf 7, edx bit 22 (AMX-BF16).
bool has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 22 & 1u) != 0;
}

const bool kFast = multiplies_pairs();

}  // namespace

bool has_pair_products() {
  static const bool has = kFast && !has_tiles();
  return has;
}

void pair_product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                  int64_t c_stride) {
  if (!kFast) return reference::pair_product(a, rows, b, columns, pairs, c, c_stride);
  product(a, rows, b, columns, pairs, c, c_stride);
}
void pack_row_pairs(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded) {
  if (!kFast) return reference::pack_row_pairs(x, rows, columns, to, rounded);
  pack_numbers(x, rows, columns, to, rounded);
}
void pack_row_pairs(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to) {
  if (!kFast) return reference::pack_row_pairs(x, rows, columns, to);
  pack_rounded(x, rows, columns, to);
}
void pack_turned(const Bf16* x, int64_t rows, int64_t pairs, const PairPanels& to) {
  if (!kFast) return reference::pack_turned(x, rows, pairs, to);
  pack_turned_words(reinterpret_cast<const uint32_t*>(x), rows, pairs, to);
}

}  // namespace ar::tensor
#else
namespace ar::tensor {

bool has_pair_products() { return false; }
void pair_product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                  int64_t c_stride) {
  reference::pair_product(a, rows, b, columns, pairs, c, c_stride);
}
void pack_row_pairs(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded) {
  reference::pack_row_pairs(x, rows, columns, to, rounded);
}
void pack_row_pairs(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to) {
  reference::pack_row_pairs(x, rows, columns, to);
}
void pack_turned(const Bf16* x, int64_t rows, int64_t pairs, const PairPanels& to) {
  reference::pack_turned(x, rows, pairs, to);
}

}  // namespace ar::tensor
#endif
