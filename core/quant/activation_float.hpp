#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/activation.hpp"
#include "core/quant/float_tuning.hpp"

namespace ar::quant {

/// One input of a layer seen as a matrix of tokens to be quantized in a floating point type.
class FloatActivation {
 public:
  /// x: contiguous, float32 or bfloat16; borrowed.
  FloatActivation(const at::Tensor& x, const FloatKind& kind, const Scheme& scheme, const ActivationRange& range);

  void quantize(at::Tensor& to) const;
  /// dL/dx in float32, through the groups' largest elements too where those set the scales. A dynamic scale of the
  /// whole tensor (nv_fp without act_max) counts as a constant: its effect is the rounding of the group scales alone.
  at::Tensor gradient(const at::Tensor& dy, float* d_max_scale) const;

 private:
  FloatTuning layer() const;
  void finish_group(const FloatTuning& layer, int64_t row, int64_t g, float d_factor, float* dx) const;

  at::Tensor x_;
  FloatGrid grid_;
  bool fixed_;               // the range is given: it does not depend on x
  float factor_;             // on largest magnitudes
  std::vector<float> amax_;  // [rows, groups], factor included
  float global_scale_ = 0;
};

}  // namespace ar::quant
