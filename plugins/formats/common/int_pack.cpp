#include <algorithm>
#include <cmath>

#include "common/bit_packing.hpp"
#include "common/int_layers.hpp"
#include "common/real.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

std::string dims(const LayerView& layer) {
  return std::to_string(layer.out_features()) + " x " + std::to_string(layer.in_features());
}

void check_shape(const IntLayout& layout, const LayerView& layer, const Scheme& scheme) {
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  if (!layout.awq && (out % 32 != 0 || in % 32 != 0)) {
    refuse_layer(layer, dims(layer) + ": both dimensions must be multiples of 32 to fill whole words");
  }
  if (layout.awq && (out % 8 != 0 || in % scheme.group(in) != 0)) {
    refuse_layer(layer, dims(layer) + " with group_size " + std::to_string(scheme.group_size) +
                            ": the AWQ layout needs out % 8 == 0 and in % group_size == 0");
  }
}

void warn_lost_zeros(const ar_host& host, const LayerView& layer, int64_t n_lost) {
  if (n_lost == 0) return;
  const std::string text = "layer '" + layer.name() + "': " + std::to_string(n_lost) +
                           " groups have zero point 0, which the GPTQ v1 layout reads back as 1; "
                           "auto_round:gptqmodel stores them as they are";
  host.log(host.ctx, AR_LOG_WARNING, text.c_str());
}

/// Zero points as stored, [G, out].
std::vector<uint8_t> stored_zeros(const ar_host& host, const IntLayout& layout, const LayerView& layer,
                                  const Scheme& scheme) {
  const int64_t groups = scheme.groups(layer.in_features());
  const int shift = layout.zero_less_one ? 1 : 0;
  if (scheme.sym) {
    const auto zero = static_cast<uint8_t>((1 << (scheme.bits - 1)) - shift);
    return std::vector<uint8_t>(static_cast<size_t>(groups * layer.out_features()), zero);
  }
  const auto points = checked_zero_points(layer, scheme);
  std::vector<uint8_t> zeros(points.size());
  int64_t n_lost = 0;
  for (size_t i = 0; i < zeros.size(); ++i) {
    const int zero = static_cast<int>(points[i]) - shift;
    if (zero < 0) ++n_lost;
    zeros[i] = static_cast<uint8_t>(std::max(0, zero));
  }
  warn_lost_zeros(host, layer, n_lost);
  return transposed(zeros.data(), layer.out_features(), groups);
}

std::vector<uint32_t> pack_zeros(const IntLayout& layout, const std::vector<uint8_t>& zeros, int64_t groups,
                                 int64_t out, int bits) {
  const int64_t width = stream_words(out, bits);
  std::vector<uint32_t> words(static_cast<size_t>(groups * width));
  for (int64_t g = 0; g < groups; ++g) {
    const uint8_t* row = zeros.data() + g * out;
    uint32_t* to = words.data() + g * width;
    layout.awq ? pack_awq_row(row, out, to) : pack_stream(row, out, bits, to);
  }
  return words;
}

void write_weights(const ar_host& host, const IntLayout& layout, const LayerView& layer, int bits,
                   const ar_sink& sink) {
  constexpr int64_t kGrain = 64;  // columns or rows a task
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  const auto codes = checked_codes(layer, bits);
  std::vector<uint32_t> words(static_cast<size_t>(stream_words(in * out, bits)));
  if (layout.awq) {
    parallel_for(host, in, kGrain,
                 [&](int64_t begin, int64_t end) { pack_awq(codes.begin(), out, in, begin, end, words.data()); });
    write_tensor(sink, layer.name() + ".qweight", AR_DTYPE_I32, {in, out / 8}, words);
  } else {
    parallel_for(host, out, kGrain, [&](int64_t begin, int64_t end) {
      pack_gptq(codes.begin(), out, in, bits, begin, end, words.data());
    });
    write_tensor(sink, layer.name() + ".qweight", AR_DTYPE_I32, {stream_words(in, bits), out}, words);
  }
}

void write_group_index(const LayerView& layer, const Scheme& scheme, const ar_sink& sink) {
  const int64_t in = layer.in_features();
  std::vector<int32_t> index(static_cast<size_t>(in));
  for (int64_t i = 0; i < in; ++i) index[static_cast<size_t>(i)] = static_cast<int32_t>(i / scheme.group(in));
  write_tensor(sink, layer.name() + ".g_idx", AR_DTYPE_I32, {in}, index);
}

}  // namespace

Elements<uint8_t> checked_codes(const LayerView& layer, int bits) {
  const TensorView plane = layer.plane("codes");
  plane.require_shape({layer.out_features(), layer.in_features()});
  const auto codes = plane.elements<uint8_t>(AR_DTYPE_U8);
  uint8_t all = 0;
  for (const uint8_t code : codes) all = static_cast<uint8_t>(all | code);
  if ((all >> bits) != 0) refuse_layer(layer, "a code does not fit " + std::to_string(bits) + " bits");
  return codes;
}

Elements<float> checked_zero_points(const LayerView& layer, const Scheme& scheme) {
  const TensorView plane = layer.plane("zero_point");
  plane.require_shape({layer.out_features(), scheme.groups(layer.in_features())});
  const auto points = plane.elements<float>(AR_DTYPE_F32);
  const int top = (1 << scheme.bits) - 1;
  for (const float z : points) {
    if (z >= 0.0F && z <= static_cast<float>(top) && z == std::floor(z)) continue;
    refuse_layer(layer,
                 "zero point " + std::to_string(z) + ": must be a whole number from 0 to " + std::to_string(top));
  }
  return points;
}

void pack_int_layer(const ar_host& host, const IntLayout& layout, const LayerView& layer, const ar_sink& sink) {
  const Scheme scheme = scheme_of(layer.scheme());
  check_shape(layout, layer, scheme);
  const int64_t out = layer.out_features();
  const int64_t groups = scheme.groups(layer.in_features());

  write_weights(host, layout, layer, scheme.bits, sink);
  const auto zeros = stored_zeros(host, layout, layer, scheme);
  write_tensor(sink, layer.name() + ".qzeros", AR_DTYPE_I32, {groups, stream_words(out, scheme.bits)},
               pack_zeros(layout, zeros, groups, out, scheme.bits));
  const TensorView scale = layer.plane("scale");
  scale.require_shape({out, groups});
  write_tensor(sink, layer.name() + ".scales", AR_DTYPE_F16, {groups, out},
               transposed(to_f16(scale).data(), out, groups));
  if (layout.group_index) write_group_index(layer, scheme, sink);
  if (layer.has_bias()) {
    layer.bias().require_shape({out});
    write_tensor(sink, layer.name() + ".bias", AR_DTYPE_F16, {out}, to_f16(layer.bias()));
  }
}

}  // namespace ar::formats
