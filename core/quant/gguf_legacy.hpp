#pragma once

#include <ATen/core/Tensor.h>

#include "core/quant/int_grid.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::quant {

/// Rounds a weight [out, in] of any float type to GGUF's blocks of 32 (Q4_0, Q4_1, Q5_0, Q5_1, Q8_0) the way llama.cpp
/// does when nothing was trained or searched (data_types.md 9.2): scales are not floored and the extreme of a group
/// gets its code exactly. Planes as those of integers with float32 scales. Parallel over rows. [any]
QuantizedWeight round_legacy_blocks(const at::Tensor& weight, const Scheme& scheme);

/// True for Q4_0, Q5_0 and Q8_0, and for their grid.
bool is_sym_block(const Scheme& scheme, ScaleType scale_type);
bool is_sym_block_grid(const IntGrid& grid);
/// True for the grid of Q4_1 and Q5_1.
bool is_real_zero_block_grid(const IntGrid& grid);

}  // namespace ar::quant
