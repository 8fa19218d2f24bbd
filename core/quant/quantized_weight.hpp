#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// One quantized matrix as plain planes, before any packing. Meaning of each plane: ar/format.h, ar_layer.
/// All tensors are contiguous and on the CPU.
struct QuantizedWeight {
  Scheme scheme;
  int64_t out = 0;
  int64_t in = 0;
  at::Tensor codes;       // [out, in] u8
  at::Tensor scale;       // [out, G] f16 (scale dtype of the run)
  at::Tensor zero_point;  // [out, G] f32, undefined when sym
};

}  // namespace ar::quant
