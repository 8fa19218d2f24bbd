#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/activation.hpp"
#include "core/quant/int_tuning.hpp"

namespace ar::quant {

/// One input of a layer seen as a matrix of tokens to be quantized to whole numbers, with float16 scales. Ranges are
/// each call's own: upstream has no static integer activations either, whatever act_dynamic says (data_types.md 12,
/// Q7).
class IntActivation {
 public:
  /// x: contiguous, float32 or bfloat16; borrowed.
  IntActivation(const at::Tensor& x, const Scheme& scheme, const ActivationRange& range);

  void quantize(at::Tensor& to) const;
  /// dL/dx in float32, through the ends of the ranges too.
  at::Tensor gradient(const at::Tensor& dy, float* d_max_scale) const;

 private:
  IntTuning layer() const;

  at::Tensor x_;
  IntGrid grid_;
  float factor_;                              // on both ends of the ranges
  std::vector<float> range_min_, range_max_;  // [rows, groups]
};

}  // namespace ar::quant
