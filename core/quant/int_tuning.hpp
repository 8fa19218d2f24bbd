#pragma once

#include <cstdint>

#include "core/quant/int_grid.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

/// Kernels of SignRound for integer weights (algorithm.md 3.1, 3.2, 4). Each works on a range of rows, is reentrant on
/// disjoint ranges, allocates nothing, and gives the same bytes whatever the range, the thread or the instruction set.
/// int_reference.hpp is the specification.
namespace ar::quant {

/// Borrowed flat buffers of one linear layer, each starting at row 0.
struct IntTuning {
  IntGrid grid;
  tensor::ConstReals weight;          // [rows, cols]; its type is the tuning dtype, to which Wq is rounded
  const float* range_min = nullptr;   // [rows, groups], at most 0 (group_ranges)
  const float* range_max = nullptr;   // [rows, groups], at least 0
  const float* init_scale = nullptr;  // [rows, groups], found by search; replaces the ranges, which are not tuned then
  const float* init_min = nullptr;    // [rows, groups], with init_scale, which is above 0 then: W ~ scale * code - min
  float* value = nullptr;             // [rows, cols], rounding offset V, starts at 0; null: no offset
  float* min_scale = nullptr;         // [rows, groups], start at 1, kept in [0, 1]; both null: ranges are not tuned and
  float* max_scale = nullptr;         //   the range arithmetic is the tuning dtype's (algorithm.md 3.2)
};

/// Gradient buffers laid out as value, min_scale and max_scale (the last two null when ranges are not tuned).
struct IntGradients {
  float* value;
  float* min_scale;
  float* max_scale;
};

/// What is stored of a layer. scale holds values of the scale type; zero_point
/// whole numbers (any with a real zero point), null when sym.
struct IntPlanes {
  uint8_t* codes;     // [rows, cols], 0 .. 2^bits - 1
  float* scale;       // [rows, groups]
  float* zero_point;  // [rows, groups]
};

// Tile pointers (wq, dwq) address the first element of row rows.begin; rows follow each other without gaps. Their types
// are free: float32 or bfloat16.

/// min(W, 0) and max(W, 0) of every group.
void group_ranges(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, float* range_min, float* range_max);

/// Wq = scale * level, rounded to the tuning dtype. Clamps min_scale and max_scale of these rows first, in place.
void fake_quant(const IntTuning& layer, RowRange rows, tensor::Reals wq);

/// Backward and one SignSGD step in one pass: V, min_scale and max_scale move by their rate against the sign of their
/// gradient (zero and NaN: not at all), and the ranges are clamped. wq_next, when not null, receives fake_quant of the
/// new parameters; null is Reals(nullptr, Real::kF32). It may not overlap dwq.
void sign_step(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);

/// Backward alone, for gradient accumulation, momentum and AdamW. `first` overwrites, else adds.
void accumulate_gradients(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients);

/// Codes, scales and zero points of the current parameters: what an exporter stores (formats.md 2.1). `planes` start at
/// row 0. This is both the snapshot of the best iterate and the final result.
void finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes);

}  // namespace ar::quant
