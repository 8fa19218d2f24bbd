#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// One quantized matrix as plain planes, before any packing. Meaning of each plane: ar/format.h, ar_layer. All tensors
/// are contiguous and on the CPU; those a type does not have are undefined. Eight-bit floats carry their own dtype
/// (kFloat8_e4m3fn, kFloat8_e5m2, kFloat8_e8m0fnu); four-bit codes are bytes 0..15.
struct QuantizedWeight {
  Scheme scheme;
  int64_t out = 0;
  int64_t in = 0;
  at::Tensor codes;         // [out, in] u8 or 8-bit float
  at::Tensor scale;         // [out, G] f16, bf16, f32 or 8-bit float; [1]; [ceil(out/m), ceil(in/n)] for 2-D blocks
  at::Tensor zero_point;    // [out, G] f32; undefined when sym
  at::Tensor global_scale;  // [1] f32, NVFP4
  at::Tensor super_scale;   // [out, S] f32, two-level types: scale = super_scale * scale_codes
  at::Tensor super_min;     // [out, S] f32, asymmetric two-level types
  at::Tensor scale_codes;   // [out, G] u8
  at::Tensor min_codes;     // [out, G] u8
  at::Tensor act_scale;         // [1] f32, static fp8 activations: dequantized = code * act_scale
  at::Tensor act_global_scale;  // [1] f32, NVFP4 activations
};

}  // namespace ar::quant
