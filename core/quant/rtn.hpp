#pragma once

#include <ATen/core/Tensor.h>

#include "core/quant/int_grid.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::quant {

/// How a weight is rounded to nearest, without tuning (iters 0).
struct RtnOptions {
  bool search = false;         // optimized RTN: search the scale; symmetric only, others have no search
  at::Tensor importance;       // [in] f32, weights of the columns' squared errors; undefined: uniform
  double search_ratio = 0.75;  // AR_SEARCH_SCALE_RATIO
  ScaleType scale_type = ScaleType::kF16;
  at::ScalarType dtype = at::ScalarType::BFloat16;  // the weight is rounded to it first; float32 with --disable_amp
};

/// Rounds an integer-scheme weight [out, in] of any float type, in parallel over rows of a fixed cut. [any]
QuantizedWeight quantize_rtn(const at::Tensor& weight, const Scheme& scheme, const RtnOptions& options = {});

/// scale * (code - zero point), [out, in] in float32 or bfloat16. Zeros are positive: codes do not keep the sign that
/// upstream's scale * round(W / scale) may give them.
at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype);

/// Flat index of the first NaN or infinity of a contiguous float tensor; -1 when there is none.
int64_t first_nonfinite(const at::Tensor& tensor);

}  // namespace ar::quant
