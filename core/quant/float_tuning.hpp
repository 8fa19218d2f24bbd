#pragma once

#include <cstdint>

#include "core/quant/float_grid.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

/// Kernels of the floating point types (data_types.md 5 to 7): round to nearest and SignRound. Each works on a range of
/// rows that begins at a multiple of grid.group_rows, is reentrant on disjoint ranges, allocates nothing, and gives the
/// same bytes whatever the range, the thread or the instruction set. float_reference.hpp is the specification.
namespace ar::quant {

/// Borrowed flat buffers of one matrix, each starting at row 0.
struct FloatTuning {
  FloatGrid grid;
  tensor::ConstReals weight;          // [rows, cols]; its type is the tuning dtype, to which Wq is rounded
  const float* amax = nullptr;        // [bands, groups], largest magnitudes (group_amax)
  const float* init_scale = nullptr;  // [bands, groups], factors on amax found by search; null: 1
  float* value = nullptr;             // [rows, cols], rounding offset V, starts at 0; null: no offset
  float* max_scale = nullptr;         // [bands, groups], factors on amax, start at 1, kept in [0, 1]; null: not trained
  float global_scale = 0;             // ScaleRule::kNv: the tensor's
  bool narrow = false;                // scales and quotients in bfloat16: untuned 2-D blocks of bfloat16 (3.3)
};

/// Gradient buffers laid out as value and max_scale (null when it is not trained).
struct FloatGradients {
  float* value;
  float* max_scale;
};

/// What is stored of a matrix.
struct FloatPlanes {
  uint8_t* codes;        // [rows, cols]
  float* scale;          // [bands, groups], ScaleRule::kFp
  uint8_t* scale_codes;  // [bands, groups], the other rules: E8M0, E4M3 or UE5M3
};

// Tile pointers (wq, dwq) address the first element of row rows.begin; rows follow each other without gaps. Their types
// are free: float32 or bfloat16.

/// Largest magnitude of every group.
void group_amax(const FloatGrid& grid, tensor::ConstReals weight, RowRange rows, float* amax);

/// Wq = element * scale, rounded to the tuning dtype. Clamps max_scale of these rows first, in place.
void fake_quant(const FloatTuning& layer, RowRange rows, tensor::Reals wq);

/// Backward and one SignSGD step in one pass: V and max_scale move by their rate against the sign of their gradient
/// (zero and NaN: not at all), and max_scale is clamped. wq_next, when not null, receives fake_quant of the new
/// parameters; null is Reals(nullptr, Real::kF32). It may not overlap dwq.
void sign_step(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);

/// Backward alone, for gradient accumulation, momentum, AdamW and activations. `first` overwrites, else adds.
void accumulate_gradients(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const FloatGradients& gradients);

/// Codes and scales of the current parameters: what an exporter stores. Codes are taken from the rounded Wq and the
/// stored scale (data_types.md 5.6, 6.4, 7.4). This is both the snapshot of the best iterate and the final result.
void finish(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes);

}  // namespace ar::quant
