#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// How integer layers of the GPTQ and AWQ families lie in a checkpoint. Tensors of a layer [out, in], G groups a row:
///   qweight  I32  GPTQ [in*bits/32, out], AWQ [in, out/8]
///   qzeros   I32  GPTQ [G, out*bits/32], AWQ [G, out/8]
///   scales   F16  [G, out]
///   g_idx    I32  [in], the group of each column
///   bias     F16  [out], if the layer has one
struct IntLayout {
  bool awq = false;
  bool zero_less_one = false;  // GPTQ v1: zero points are stored less one
  bool group_index = false;
};

/// Planes of one layer to stored tensors. Parallel over the host's threads; bytes do not depend on their number.
void pack_int_layer(const ar_host& host, const IntLayout& layout, const LayerView& layer, const ar_sink& sink);

/// The inverse: planes "codes", "scale", "zero_point" (absent when sym) and "bias" to `sink`.
/// `in` and `out` follow from the tensors. Throws ar::Error naming the tensor that does not fit.
void unpack_int_layer(const IntLayout& layout, const Scheme& scheme, const std::string& layer, const TensorList& stored,
                      const ar_sink& sink);

/// Throws ar::Error with the reason when integers of this scheme have no place in the layout that `format` names.
void check_int_scheme(const std::string& format, const IntLayout& layout, const Scheme& scheme);

/// The codes of an integer layer, checked against the width.
Elements<uint8_t> checked_codes(const LayerView& layer, int bits);
/// Whole zero points of an asymmetric layer [out, G], checked.
Elements<float> checked_zero_points(const LayerView& layer, const Scheme& scheme);

}  // namespace ar::formats
