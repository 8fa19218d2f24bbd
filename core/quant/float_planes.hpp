#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "core/quant/float_tuning.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::quant {

/// Storage for what `finish` writes: the snapshot of a matrix's best iterate, or its result. 1 byte an element.
class FloatPlaneStore {
 public:
  explicit FloatPlaneStore(const FloatGrid& grid);
  FloatPlanes view() const;
  /// The planes as exporters get them, in their own element types. Shares the data.
  QuantizedWeight to_weight(const Scheme& scheme, int64_t out, int64_t in, float global_scale) const;

 private:
  FloatGrid grid_;
  at::Tensor codes_, scale_;
};

/// Codes and scales back to numbers, [out, in] in float32 or bfloat16: element * scale, rounded once.
at::Tensor dequantize_planes(const FloatGrid& grid, const QuantizedWeight& weight, at::ScalarType dtype);

}  // namespace ar::quant
