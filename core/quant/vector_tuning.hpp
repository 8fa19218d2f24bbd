#pragma once

#include <cstdint>

#include "core/quant/int_grid.hpp"
#include "core/tensor/real.hpp"

/// Tuned biases and norm weights (--enable_norm_bias_tuning, algorithm.md 5.2): fake quantization to 4 bits,
/// asymmetric, one group a vector, without any rounding of levels. Short vectors: plain loops.
namespace ar::quant {

/// Scale and zero point of a vector; constant while it is tuned.
struct VectorGrid {
  float scale;
  float zero;  // not a whole number
};

/// The vector's own type decides in which arithmetic the range is taken, as for weights that are not tuned.
VectorGrid vector_grid(tensor::ConstReals w, int64_t n, ScaleType scale_type);

/// wq = scale * (clamp(w / scale + value + zero, 0, 15) - zero), rounded to the vector's type.
void vector_fake_quant(const VectorGrid& grid, tensor::ConstReals w, const float* value, int64_t n, tensor::Reals wq);

/// dL/dvalue from dL/dwq; adds unless `first`.
void vector_gradient(const VectorGrid& grid, tensor::ConstReals w, const float* value, const float* dwq, int64_t n,
                     bool first, float* d_value);

}  // namespace ar::quant
