#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "core/quant/activation.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// Quantize-dequantize of what enters one linear layer, as its scheme's act_* say (data_types.md 8). Immutable.
struct InputQuantizer {
  quant::Scheme scheme;
  quant::ActivationRange range;
  bool tuned = false;  // range.max_scale is trained, apart from that of any other layer

  /// Whether two layers that read one tensor may share its quantized form.
  bool same_as(const InputQuantizer& other) const;
  /// x [..., in] float32 or bfloat16; same dtype and shape.
  at::Tensor quantize(const at::Tensor& x) const;
  /// The same with a gradient: straight through (data_types.md 3.4). When the range is tuned, the backward pass adds the
  /// gradient of range.max_scale to *d_max_scale; `anchor`, a tensor that requires a gradient, makes autograd run it even
  /// where x needs none.
  at::Tensor quantize_with_gradient(const at::Tensor& x, const at::Tensor& anchor, float* d_max_scale) const;
};

/// Empty for layers that are not tuned or whose inputs are left alone.
std::optional<InputQuantizer> input_quantizer(const StageLinear& linear);

}  // namespace ar::tune
