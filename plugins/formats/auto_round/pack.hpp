#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"
#include "packing.hpp"

namespace ar::formats {

/// Planes of one layer to stored tensors: <layer>.qweight, .qzeros, .scales, and .g_idx and .bias where they exist.
/// Fields and layouts: README.md. Parallel over the host's threads; bytes do not depend on their number.
void pack_layer(const ar_host& host, Packing packing, const LayerView& layer, const ar_sink& sink);

/// The inverse: planes "codes", "scale", "zero_point" (absent when sym) and "bias" to `sink`.
/// `in` and `out` follow from the tensors. Throws ar::Error naming the tensor that does not fit.
void unpack_layer(Packing packing, const IntLayout& layout, const std::string& layer, const TensorList& stored,
                  const ar_sink& sink);

}  // namespace ar::formats
