#pragma once

#include <cstdint>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// Number format in which the scales of a run are kept (--scale_dtype).
enum class ScaleType : uint8_t { kF16, kBf16, kF32 };

/// Nearest value of the scale type.
float round_scale(float x, ScaleType type);

/// How one matrix is cut into groups, and the levels a group may take. Plain numbers, validated by make_grid.
struct IntGrid {
  int bits = 4;
  bool sym = true;
  bool real_zero = false;  // zero points are real numbers, as Q4_1 and Q5_1 of GGUF need them
  ScaleType scale_type = ScaleType::kF16;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t group = 128;    // columns; the last group of a row may be shorter
  float scale_floor = 0;  // least magnitude of a scale

  int64_t groups() const { return (cols + group - 1) / group; }  // a row
  float half() const { return static_cast<float>(1 << (bits - 1)); }
  float top() const { return static_cast<float>((1 << bits) - 1); }
};

/// The grid of an integer scheme for a weight [out, in]. group_size -1, or above `in`: one group a row. group_size 0:
/// one group a tensor, seen as a matrix of one row of out * in columns.
IntGrid make_grid(const Scheme& scheme, int64_t out, int64_t in, ScaleType scale_type = ScaleType::kF16);

}  // namespace ar::quant
