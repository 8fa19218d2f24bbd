#include "layers.hpp"

#include <algorithm>
#include <cmath>

#include "common/bit_packing.hpp"
#include "common/int_layers.hpp"
#include "common/real.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

bool has_kernel(int bits) { return bits == 2 || bits == 3 || bits == 4 || bits == 5 || bits == 6 || bits == 8; }

std::vector<uint16_t> stored_biases(const LayerView& layer, const Scheme& scheme, const std::vector<float>& scales) {
  std::vector<uint16_t> biases(scales.size());
  const auto middle = static_cast<float>(1 << (scheme.bits - 1));
  const Elements<float> zeros = scheme.sym ? Elements<float>() : checked_zero_points(layer, scheme);
  for (size_t i = 0; i < biases.size(); ++i) biases[i] = f32_to_f16(-scales[i] * (scheme.sym ? middle : zeros[i]));
  return biases;
}

struct Zeros {
  std::vector<float> points;
  bool whole = true;
  bool middle = true;
};

/// The rounding of a bias to its type hides up to half a unit in the last place: a whole zero point counts as stored
/// when it gives the same value after that rounding.
Zeros zero_points(const TensorView& scales, const TensorView& biases, int bits) {
  biases.require_dtype(scales.dtype()).require_shape(scales.shape());
  const auto s = to_f32(scales);
  const auto b = to_f32(biases);
  const auto middle = static_cast<float>(1 << (bits - 1));
  Zeros z;
  z.points.resize(s.size());
  for (size_t i = 0; i < s.size(); ++i) {
    const float exact = s[i] == 0.0F ? middle : -b[i] / s[i];
    const float nearest = std::round(exact);
    const float again = -s[i] * nearest;
    const bool same = biases.dtype() == AR_DTYPE_F16    ? f16_to_f32(f32_to_f16(again)) == b[i]
                      : biases.dtype() == AR_DTYPE_BF16 ? bf16_to_f32(f32_to_bf16(again)) == b[i]
                                                        : again == b[i];
    z.points[i] = same ? nearest : exact;
    z.whole = z.whole && same;
    z.middle = z.middle && same && nearest == middle;
  }
  return z;
}

}  // namespace

void check_mlx_scheme(const Scheme& s) {
  if (family(s) != Family::kInt || s.data_type.find("float_zp") != std::string::npos)
    refuse("data_type '" + s.data_type + "' has no place in mlx; accepted: int");
  if (s.quantizes_activations())
    refuse("act_bits " + std::to_string(s.act_bits) + ": MLX leaves activations alone; accepted: 16");
  if (!has_kernel(s.bits)) refuse("bits " + std::to_string(s.bits) + ": MLX has kernels for 2, 3, 4, 5, 6 and 8 bits");
  if (s.group_size_rows != 0 || (s.group_size != 32 && s.group_size != 64 && s.group_size != 128))
    refuse("group_size " + std::to_string(s.group_size) + ": MLX has kernels for groups of 32, 64 and 128 columns");
}

void pack_mlx(const LayerView& layer, const ar_sink& sink) {
  const Scheme scheme = scheme_of(layer.scheme());
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  if (in % scheme.group_size != 0)
    refuse_layer(layer, std::to_string(in) + " columns: must be a multiple of the group size " +
                            std::to_string(scheme.group_size));
  const auto codes = checked_codes(layer, scheme.bits);
  const int64_t width = stream_words(in, scheme.bits);
  std::vector<uint32_t> words(static_cast<size_t>(out * width));
  for (int64_t r = 0; r < out; ++r) pack_stream(codes.begin() + r * in, in, scheme.bits, words.data() + r * width);
  write_tensor(sink, layer.name() + ".weight", AR_DTYPE_U32, {out, width}, words);

  const TensorView scale = layer.plane("scale");
  const std::vector<int64_t> groups = {out, in / scheme.group_size};
  scale.require_shape(groups);
  write_tensor(sink, layer.name() + ".scales", AR_DTYPE_F16, groups, to_f16(scale));
  write_tensor(sink, layer.name() + ".biases", AR_DTYPE_F16, groups, stored_biases(layer, scheme, to_f32(scale)));
  if (!layer.has_bias()) return;
  layer.bias().require_shape({out});
  write_tensor(sink, layer.name() + ".bias", AR_DTYPE_F16, {out}, to_f16(layer.bias()));
}

Scheme mlx_found_scheme(Scheme scheme, const std::string& layer, const TensorList& stored) {
  const Zeros zeros = zero_points(stored.at(layer + ".scales"), stored.at(layer + ".biases"), scheme.bits);
  scheme.sym = zeros.middle;
  if (!zeros.whole) scheme.data_type = "int_asym_float_zp";
  return scheme;
}

void unpack_mlx(const Scheme& scheme, const std::string& layer, const TensorList& stored, const ar_sink& sink) {
  const TensorView weight = stored.at(layer + ".weight");
  const TensorView scales = stored.at(layer + ".scales");
  const int64_t out = dimension(weight, 0);
  const int64_t in = dimension(scales, 1) * scheme.group_size;
  const int64_t width = stream_words(in, scheme.bits);
  weight.require_dtype(AR_DTYPE_U32).require_shape({out, width});
  const std::vector<int64_t> groups = {out, in / scheme.group_size};
  scales.require_shape(groups);
  const Zeros zeros = zero_points(scales, stored.at(layer + ".biases"), scheme.bits);

  const auto words = words_of(weight);
  std::vector<uint8_t> codes(static_cast<size_t>(out * in));
  for (int64_t r = 0; r < out; ++r) unpack_stream(words.data() + r * width, in, scheme.bits, codes.data() + r * in);
  write_tensor(sink, "codes", AR_DTYPE_U8, {out, in}, codes);
  copy_tensor(sink, "scale", scales);
  if (!scheme.sym) write_tensor(sink, "zero_point", AR_DTYPE_F32, groups, zeros.points);
  copy_bias(layer, stored, sink);
}

}  // namespace ar::formats
