#pragma once

#include <ATen/core/Tensor.h>

#include "core/base/error.hpp"
#include "core/quant/int_grid.hpp"
#include "core/tensor/real.hpp"

namespace ar::tune {

inline tensor::Real real_type(const at::Tensor& t) {
  if (t.scalar_type() == at::kFloat) return tensor::Real::kF32;
  if (t.scalar_type() == at::kBFloat16) return tensor::Real::kBf16;
  base::fail("kernels take float32 and bfloat16, not {}", c10::toString(t.scalar_type()));
}

/// A contiguous tensor as kernels see it, from element `offset` on.
inline tensor::ConstReals reals(const at::Tensor& t, int64_t offset = 0) {
  return {static_cast<const char*>(t.const_data_ptr()) + offset * t.element_size(), real_type(t)};
}
inline tensor::Reals mutable_reals(at::Tensor& t, int64_t offset = 0) {
  return {static_cast<char*>(t.mutable_data_ptr()) + offset * t.element_size(), real_type(t)};
}

inline at::ScalarType stored_scale_dtype(quant::ScaleType type) {
  switch (type) {
    case quant::ScaleType::kF16: return at::kHalf;
    case quant::ScaleType::kBf16: return at::kBFloat16;
    default: return at::kFloat;
  }
}

}  // namespace ar::tune
