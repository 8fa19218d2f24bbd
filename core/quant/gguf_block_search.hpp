#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/quant/int_tuning.hpp"
#include "core/quant/scale_search.hpp"

/// Optimized rounding of Q4_0, Q5_0 and Q8_0. Of a few codings of a block the one whose own best scale, by least
/// squares, leaves the least weighted error; then every element is rounded once to the scale as float16 has it.
/// Upstream's search of 201 scales without refinement (scale_search.hpp) ends at the same error in many times the time,
/// but then rounds scales and products to bfloat16; llama.cpp's make_qx_quants tries 19, near the extreme alone.
namespace ar::quant {

/// Codings are tried in whole numbers of 16 bits, whose sums are exact in any order. An element x counts
/// round(x * -one / extreme); with factor f its code is round(that * f / 2^15).
struct BlockCodings {
  float one;
  std::vector<int16_t> factors;  // kByteCodings with 8 bits, else kMostCodings
};
constexpr size_t kByteCodings = 8, kMostCodings = 32;
BlockCodings block_codings(int bits);

/// Weights of a block in whole numbers, the largest being kTopWeight.
constexpr int kTopWeight = 4095, kWeightShift = 3;
static_assert(32LL * kTopWeight * 127 * 127 < 1LL << 31, "sums of squares fit 32 bits");
static_assert(kTopWeight << kWeightShift < 1 << 15, "factors of fixed-point products fit 16 bits");
void whole_weights(const float* weights, int64_t n, int16_t* whole);

/// What products / squares of a coding is multiplied with for its scale, relative to the extreme.
inline float coding_unit(const BlockCodings& codings) {
  return -static_cast<float>(1 << (15 - kWeightShift)) / codings.one;
}

constexpr float kNoExtreme = 1e-30f;  // blocks of less have no coding
constexpr float kMostHalf = 65504.0f;

/// Rows of an is_sym_block_grid grid; planes start at row 0, codes may be null. [any] on disjoint ranges.
void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes);

namespace reference {
/// The same one element at a time; equal bit for bit.
void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes);
}  // namespace reference

}  // namespace ar::quant
