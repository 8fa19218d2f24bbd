#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/quant/int_tuning.hpp"
#include "core/quant/scale_search.hpp"

/// Optimized rounding of Q4_0, Q5_0 and Q8_0. Of a few dozen codings of a block the one whose own best scale, by least
/// squares, leaves the least weighted error; then every element is rounded once to the scale as float16 has it.
/// Upstream's search of 201 scales without refinement (scale_search.hpp) ends at the same error in many times the time,
/// but then rounds scales and products to bfloat16; llama.cpp's make_qx_quants tries 19, near the extreme alone.
namespace ar::quant {

constexpr int64_t kMostDivisors = 32;
constexpr float kNoExtreme = 1e-30f;  // blocks of less are zeros in float16, and have no reciprocal

/// The codings: element * -divisor / extreme, rounded. 8 or 32 of them. With 8 bits no code leaves the range.
std::vector<float> block_divisors(int bits);

/// Rows of an is_sym_block_grid grid; planes start at row 0, codes may be null. [any] on disjoint ranges.
void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes);

namespace reference {
/// The same one element at a time; equal bit for bit.
void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes);
}  // namespace reference

/// The scale that is stored for the coding that fits best, and what elements are multiplied with to get their codes.
struct BlockScale {
  float scale, inverse;
};
/// scale: of the best coding, or NaN where none has a code that counts: then the extreme sets it.
inline BlockScale block_scale(const IntGrid& grid, float scale, float extreme) {
  constexpr float kMostHalf = 65504.0f;
  if (std::isnan(scale)) scale = extreme / -grid.half();
  const float stored = std::copysign(std::min(std::fabs(tensor::round_to_f16(scale)), kMostHalf), scale);
  return {stored, stored == 0.0f ? 0.0f : 1.0f / stored};
}

}  // namespace ar::quant
