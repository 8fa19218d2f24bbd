#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// Floating and microscaled layers as auto_round and compressed-tensors store them; row-major [out, in] throughout.

/// mx_fp, mx_int, nv_fp and nvfp4_v2 layers of G groups a row:
///   weight_packed        U8 [out, in/2]   4-bit codes, the even column in the low half
///   weight               F8 [out, in]     8-bit codes instead
///   weight_scale         U8 [out, G]      mx: E8M0; nvfp4_v2: UE5M3. nv_fp: F8_E4M3
///   weight_global_scale  F32 [1]          nv_fp
///   input_global_scale   F32 [1]          nv_fp, where activations are quantized
///   bias                 F16 [out]        if the layer has one
void pack_block_float_layer(const LayerView& layer, const ar_sink& sink);
void unpack_block_float_layer(const Scheme& scheme, const std::string& layer, const TensorList& stored,
                              const ar_sink& sink);
/// Throws ar::Error with the reason when `format` has no place for this scheme of one of these families.
void check_block_float_scheme(const std::string& format, const Scheme& scheme);

/// How fp layers are spelled.
struct Fp8Layout {
  const char* block_scale = "weight_scale";  // of 2-D blocks
  ar_dtype scale_dtype = AR_DTYPE_BF16;      // of weight_scale and input_scale
  bool scale_column = false;                 // one scale a row: [out, 1] instead of [out]
};

/// fp layers:
///   weight        F8 [out, in]
///   weight_scale  [out], [1] for a whole tensor, [ceil(out/rows), ceil(in/columns)] for 2-D blocks
///   input_scale   [1], static activations
///   bias          as it is
void pack_fp8_layer(const Fp8Layout& layout, const LayerView& layer, const ar_sink& sink);
/// Takes scales in any float type, as [out] or [out, 1], as weight_scale or weight_scale_inv.
void unpack_fp8_layer(const Scheme& scheme, const std::string& layer, const TensorList& stored, const ar_sink& sink);
void check_fp8_scheme(const std::string& format, const Scheme& scheme);

}  // namespace ar::formats
