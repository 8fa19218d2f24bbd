#pragma once

#include <cmath>
#include <cstdint>

#include "core/quant/int_tuning.hpp"

namespace ar::quant {

/// The blocks of 32 of gguf_legacy.hpp for some rows. planes start at row 0.
void round_legacy(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes);

/// Plain rounding of the symmetric types in one pass over the weight. Equal bytes to group_ranges and `finish` of
/// int_tuning.hpp: with float32 scales and at most 8 bits, Wq / scale is nearer to its code than 1/2, so that codes
/// need no Wq. int_reference.hpp is the specification.
void round_sym_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes);

namespace reference {
/// The same, one element at a time; equal bit for bit.
void round_legacy(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes);
void round_sym_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes);
}  // namespace reference

/// A block's scale and offset: w ~ scale * code + low, code 0 standing for `low`.
struct LegacyBlock {
  float scale;
  float low;
  float inverse;  // of the scale, 0 where there is none
};

/// From the extremes of a block; `extreme` is its element of largest magnitude, the first among equals.
inline LegacyBlock legacy_block(const IntGrid& grid, float low, float high, float extreme) {
  LegacyBlock block{};
  if (grid.real_zero) {
    block.scale = (high - low) / grid.top();
    block.low = low;
  } else {
    block.scale = grid.bits == 8 ? std::fabs(extreme) / 127.0f : extreme / -grid.half();
  }
  block.inverse = std::fabs(block.scale) >= 1e-30f ? 1.0f / block.scale : 0.0f;
  return block;
}

/// Stored scale and zero point. low = -zero * scale; a block of one value keeps it by a scale that float16 stores as 0.
inline void store_legacy_block(const LegacyBlock& block, const IntPlanes& planes, int64_t index) {
  constexpr float kTinyScale = 1e-8f;
  planes.scale[index] = block.scale;
  if (planes.zero_point == nullptr) return;
  if (block.inverse == 0.0f) planes.scale[index] = kTinyScale;
  planes.zero_point[index] = -block.low / planes.scale[index];
}

}  // namespace ar::quant
