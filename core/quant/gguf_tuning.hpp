#pragma once

#include <cstdint>

#include "core/quant/gguf_super.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

/// Kernels of SignRound for the K types of GGUF (data_types.md 9.4), and the codes that a file stores (9.7). They keep
/// the promises of int_tuning.hpp; gguf_reference.hpp is the specification.
namespace ar::quant {

/// Scales that a search has chosen; they replace the ranges. Both levels, value = super * whole number.
struct KScales {
  float* scale;        // [rows, cols / group]
  float* min;          // the same; null when sym
  float* super_scale;  // [rows, supers]
  float* super_min;    // the same; null when sym
};

/// Borrowed flat buffers of one linear layer, each starting at row 0.
struct KTuning {
  KGrid grid;
  tensor::ConstReals weight;         // [rows, cols]; its type is the tuning dtype, to which Wq is rounded
  const float* range_min = nullptr;  // [rows, groups], at most 0 (group_ranges)
  const float* range_max = nullptr;  // [rows, groups], at least 0
  const KScales* found = nullptr;    // set: no ranges, no training
  float* value = nullptr;            // [rows, cols], rounding offset V; null: no offset
  float* min_scale = nullptr;        // [rows, groups], factors of the ranges, kept in [0, 1]; both null: ranges are not
  float* max_scale = nullptr;        //   tuned and their arithmetic is the tuning dtype's
};

/// What is stored of a layer; float planes hold what the file rounds to float16. Null where the type has none.
struct KPlanes {
  uint8_t* codes;        // [rows, cols]
  float* super_scale;    // [rows, supers]
  float* super_min;      // [rows, supers]
  uint8_t* scale_codes;  // [rows, groups]
  uint8_t* min_codes;    // [rows, groups]
};

/// The groups of a K type as those of an integer grid, for group_ranges.
IntGrid group_grid(const KGrid& grid);

void fake_quant(const KTuning& layer, RowRange rows, tensor::Reals wq);
void sign_step(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);
void accumulate_gradients(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients);
void finish(const KTuning& layer, RowRange rows, const KPlanes& planes);

namespace reference {
/// The same one element at a time; equal bit for bit.
void fake_quant(const KTuning& layer, RowRange rows, tensor::Reals wq);
void sign_step(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);
void accumulate_gradients(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients);
void finish(const KTuning& layer, RowRange rows, const KPlanes& planes);
}  // namespace reference

}  // namespace ar::quant
