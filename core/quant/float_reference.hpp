#pragma once

#include "core/quant/float_tuning.hpp"

/// The functions of float_tuning.hpp one element at a time: what they compute. The vector kernels equal them bit for
/// bit (tests/unit/quant/float_kernels_test.cpp).
namespace ar::quant::reference {

void group_amax(const FloatGrid& grid, tensor::ConstReals weight, RowRange rows, float* amax);
void fake_quant(const FloatTuning& layer, RowRange rows, tensor::Reals wq);
void sign_step(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next);
void accumulate_gradients(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const FloatGradients& gradients);
void finish(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes);

}  // namespace ar::quant::reference
