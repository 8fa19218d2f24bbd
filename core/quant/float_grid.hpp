#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/quant/float_formats.hpp"
#include "core/quant/scheme.hpp"

namespace ar::quant {

/// How the scale of a group follows from its largest magnitude A.
enum class ScaleRule : uint8_t {
  kMxFloor,    // 2^(floor(log2 A) - exponent of the largest element)
  kMxCeil,     // 2^ceil(log2(A / largest element))
  kMxCeil725,  // 2^ceil(log2(A / 7.25)), MXFP4 (mx_fp4_rceil_v2)
  kNv,         // E4M3 of A / 6 relative to a scale of the whole tensor
  kUe5m3,      // UE5M3 of A / 6
  kFp,         // A / largest element in float32
};

inline bool is_mx(ScaleRule rule) { return rule <= ScaleRule::kMxCeil725; }

/// d element / d quotient, as the straight-through gradients of upstream come out (data_types.md 5.4, 6.2, 7.1).
enum class Slope : uint8_t {
  kOne,
  kOneButZero,  // 0 at exactly 0
  kRelative,    // element / quotient for normal numbers, else as kOneButZero
};

/// What a type name stands for.
struct FloatKind {
  FloatFormat element;
  ScaleRule rule;
  Slope slope;
};

/// The floating point type of this name (data_types.md 2.2), weight or activation; empty when it is none.
std::optional<FloatKind> float_kind(std::string_view data_type, int bits);

/// How one matrix is cut into groups. Plain numbers, validated by make_float_grid.
struct FloatGrid {
  FloatKind kind;
  bool blocks = false;  // 2-D
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t group = 0;       // columns; the last group of a row may be shorter
  int64_t group_rows = 1;  // the last may have fewer

  int64_t groups() const { return (cols + group - 1) / group; }           // side by side
  int64_t bands() const { return (rows + group_rows - 1) / group_rows; }  // one above the other
};

/// Groups as Scheme::group_size and group_size_rows name them. Group size -1, or above `in`: one group a row. 0: one
/// group a tensor, seen as a matrix of one row of out * in columns.
FloatGrid make_float_grid(const FloatKind& kind, int64_t group_size, int64_t group_size_rows, int64_t out, int64_t in);

/// The grid of a weight of this scheme; refuses what the type cannot have.
FloatGrid weight_grid(const Scheme& scheme, int64_t out, int64_t in);

}  // namespace ar::quant
