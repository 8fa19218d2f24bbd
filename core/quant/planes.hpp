#pragma once

#include <ATen/core/Tensor.h>

#include "core/quant/int_tuning.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::quant {

/// Storage for what `finish` writes: the snapshot of a layer's best iterate, or its result. 1 byte an element.
class PlaneStore {
 public:
  explicit PlaneStore(const IntGrid& grid);
  IntPlanes view() const;
  /// The planes as exporters get them: scales in the run's scale type. Shares codes and zero points.
  QuantizedWeight to_weight(const Scheme& scheme, int64_t out, int64_t in, ScaleType scale_type) const;

 private:
  IntGrid grid_;
  at::Tensor codes_, scale_, zero_point_;
};

/// Contiguous storage of a CPU tensor as kernels take it; fails on element types other than f32 and bf16.
tensor::ConstReals reals_of(const at::Tensor& tensor);
tensor::Reals mutable_reals_of(const at::Tensor& tensor);

/// Flat index of the first NaN or infinity of a contiguous float tensor; -1 when there is none.
int64_t first_nonfinite(const at::Tensor& tensor);

}  // namespace ar::quant
