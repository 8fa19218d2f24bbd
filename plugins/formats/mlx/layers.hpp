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

/// Zero points come out whole where whole ones give the stored biases; `scheme` becomes what was found: symmetric when
/// all are the middle, data_type "int_asym_float_zp" where they are not whole.
void unpack_mlx(Scheme& scheme, const std::string& layer, const TensorList& stored, const ar_sink& sink);

}  // namespace ar::formats
