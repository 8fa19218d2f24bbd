#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// Throws ar::Error with the reason when MLX has no kernel for this scheme.
void check_mlx_scheme(const Scheme& scheme);

/// A layer in groups of 32, 64 or 128 columns, w = scale * code + bias:
///   weight  U32 [out, in*bits/32]  each row a dense stream
///   scales  F16 [out, G]
///   biases  F16 [out, G]           -scale * zero point
///   bias    F16 [out]              if the layer has one
void pack_mlx(const LayerView& layer, const ar_sink& sink);

/// What the stored biases are: symmetric when every zero point is the middle, data_type "int_asym_float_zp" where zero
/// points are not whole. Whole ones count as found where they give the stored biases.
Scheme mlx_found_scheme(Scheme scheme, const std::string& layer, const TensorList& stored);
void unpack_mlx(const Scheme& scheme, const std::string& layer, const TensorList& stored, const ar_sink& sink);

}  // namespace ar::formats
