#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// Integer layers as compressed-tensors stores them (README.md): "pack-quantized" and "int-quantized".
void pack_packed_int(const ar_host& host, const LayerView& layer, const ar_sink& sink);
void pack_int8(const LayerView& layer, const ar_sink& sink);

/// Either, told apart by the tensors; with zero points where the scheme is not symmetric.
void unpack_compressed_int(const Scheme& scheme, const std::string& layer, const TensorList& stored,
                           const ar_sink& sink);

}  // namespace ar::formats
