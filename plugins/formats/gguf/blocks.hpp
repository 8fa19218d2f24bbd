#pragma once

#include <cstdint>

#include "types.hpp"

namespace ar::gguf {

/// One row of a quantized matrix as planes (ar/format.h, ar_layer). Planes a type does not have are null. Codes of
/// symmetric legacy types are unsigned: w = scale * (code - 2^(bits-1)).
template <typename Byte, typename Real>
struct RowPlanes {
  Byte* codes;        // one an element
  Real* scale;        // one a group; legacy types
  Real* zero_point;   // one a group; Q4_1, Q5_1
  Byte* scale_codes;  // one a group; two-level types
  Byte* min_codes;    // one a group; asymmetric two-level types
  Real* super_scale;  // one a block; two-level types
  Real* super_min;    // one a block; asymmetric two-level types
};
using ConstRow = RowPlanes<const uint8_t, const float>;
using MutableRow = RowPlanes<uint8_t, float>;

/// Blocks of `elements` elements, a whole number of blocks. Codes must fit the type. Pure; any thread.
void pack_row(Type type, const ConstRow& row, int64_t elements, uint8_t* blocks);
/// The inverse: packing the result gives the same bytes.
void unpack_row(Type type, const uint8_t* blocks, int64_t elements, const MutableRow& row);
/// The values the blocks stand for, with llama.cpp's float32 arithmetic. Floating types too.
void dequantize_row(Type type, const uint8_t* blocks, int64_t elements, float* values);

// One block each; the dispatch by type is in blocks.cpp.
void pack_legacy(const TypeInfo& type, const uint8_t* codes, float scale, float minimum, uint8_t* block);
void unpack_legacy(const TypeInfo& type, const uint8_t* block, uint8_t* codes, float& scale, float& minimum);

/// Fields of one super-block; min_codes and super_min are read only for types that have them.
struct SuperBlock {
  uint8_t codes[256];
  uint8_t scale_codes[16];
  uint8_t min_codes[16];
  uint16_t super_scale;  // bits of float16
  uint16_t super_min;
};
void pack_super(Type type, const SuperBlock& fields, uint8_t* block);
void unpack_super(Type type, const uint8_t* block, SuperBlock& fields);

}  // namespace ar::gguf
