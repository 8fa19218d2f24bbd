#pragma once

#include "core/quant/int_tuning.hpp"

/// The kernels of int_tuning.hpp one element at a time: their specification. Results are equal bit for bit; sums over a
/// group are taken in kSumLanes interleaved partial sums that are added as a binary tree, on every machine.
namespace ar::quant::reference {

void group_ranges(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, float* range_min, float* range_max);
void fake_quant(const IntTuning& layer, RowRange rows, tensor::Reals wq);
void sign_step(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);
void accumulate_gradients(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients);
void finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes);

}  // namespace ar::quant::reference
