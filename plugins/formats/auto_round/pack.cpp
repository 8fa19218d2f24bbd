#include "pack.hpp"

#include <algorithm>
#include <cmath>

#include "common/bit_packing.hpp"
#include "common/real.hpp"

namespace ar::formats {
namespace {

[[noreturn]] void refuse(const LayerView& layer, const std::string& text) {
  throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "': " + text);
}

std::string dims(const LayerView& layer) {
  return std::to_string(layer.out_features()) + " x " + std::to_string(layer.in_features());
}

IntLayout layout_of(const LayerView& layer) {
  const ar_scheme& s = layer.scheme();
  return {s.bits, s.group_size, s.sym != 0};
}

void check_shape(Packing packing, const LayerView& layer, const IntLayout& layout) {
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  if (packing != Packing::kAwq && (out % 32 != 0 || in % 32 != 0)) {
    refuse(layer, dims(layer) + ": both dimensions must be multiples of 32 to fill whole words");
  }
  if (packing == Packing::kAwq && (out % 8 != 0 || in % layout.group(in) != 0)) {
    refuse(layer, dims(layer) + " with group_size " + std::to_string(layout.group_size) +
                      ": the AWQ layout needs out % 8 == 0 and in % group_size == 0");
  }
}

Elements<uint8_t> checked_codes(const LayerView& layer, int bits) {
  const TensorView plane = layer.plane("codes");
  plane.require_shape({layer.out_features(), layer.in_features()});
  const auto codes = plane.elements<uint8_t>(AR_DTYPE_U8);
  uint8_t all = 0;
  for (const uint8_t code : codes) all = static_cast<uint8_t>(all | code);
  if ((all >> bits) != 0) refuse(layer, "a code does not fit " + std::to_string(bits) + " bits");
  return codes;
}

/// Zero points as stored, [G, out].
std::vector<uint8_t> stored_zeros(const ar_host& host, Packing packing, const LayerView& layer,
                                  const IntLayout& layout) {
  const int64_t groups = layout.groups(layer.in_features());
  const int shift = packing == Packing::kGptqV1 ? 1 : 0;
  if (layout.sym) {
    const auto zero = static_cast<uint8_t>((1 << (layout.bits - 1)) - shift);
    return std::vector<uint8_t>(static_cast<size_t>(groups * layer.out_features()), zero);
  }
  const TensorView plane = layer.plane("zero_point");
  plane.require_shape({layer.out_features(), groups});
  const auto points = plane.elements<float>(AR_DTYPE_F32);
  std::vector<uint8_t> zeros(points.size());
  const auto top = static_cast<float>((1 << layout.bits) - 1);
  int64_t n_lost = 0;
  for (size_t i = 0; i < zeros.size(); ++i) {
    const float z = points[i];
    if (!(z >= 0.0F && z <= top) || z != std::floor(z)) {
      refuse(layer, "zero point " + std::to_string(z) + ": must be a whole number from 0 to " + std::to_string(top));
    }
    if (z < static_cast<float>(shift)) ++n_lost;
    zeros[i] = static_cast<uint8_t>(std::max(0, static_cast<int>(z) - shift));
  }
  if (n_lost != 0) {
    const std::string text = "layer '" + layer.name() + "': " + std::to_string(n_lost) +
                             " groups have zero point 0, which the GPTQ v1 layout reads back as 1; "
                             "auto_round:gptqmodel stores them as they are";
    host.log(host.ctx, AR_LOG_WARNING, text.c_str());
  }
  return transposed(zeros.data(), layer.out_features(), groups);
}

std::vector<uint32_t> pack_zeros(Packing packing, const std::vector<uint8_t>& zeros, int64_t groups, int64_t out,
                                 int bits) {
  const int64_t width = stream_words(out, bits);
  std::vector<uint32_t> words(static_cast<size_t>(groups * width));
  for (int64_t g = 0; g < groups; ++g) {
    const uint8_t* row = zeros.data() + g * out;
    uint32_t* to = words.data() + g * width;
    packing == Packing::kAwq ? pack_awq_row(row, out, to) : pack_stream(row, out, bits, to);
  }
  return words;
}

void write_weights(const ar_host& host, Packing packing, const LayerView& layer, const IntLayout& layout,
                   const ar_sink& sink) {
  constexpr int64_t kGrain = 64;  // columns or rows a task
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  const auto codes = checked_codes(layer, layout.bits);
  std::vector<uint32_t> words(static_cast<size_t>(stream_words(in * out, layout.bits)));
  if (packing == Packing::kAwq) {
    parallel_for(host, in, kGrain,
                 [&](int64_t begin, int64_t end) { pack_awq(codes.begin(), out, in, begin, end, words.data()); });
    write_tensor(sink, layer.name() + ".qweight", AR_DTYPE_I32, {in, out / 8}, words);
  } else {
    parallel_for(host, out, kGrain, [&](int64_t begin, int64_t end) {
      pack_gptq(codes.begin(), out, in, layout.bits, begin, end, words.data());
    });
    write_tensor(sink, layer.name() + ".qweight", AR_DTYPE_I32, {stream_words(in, layout.bits), out}, words);
  }
}

void write_group_index(const LayerView& layer, const IntLayout& layout, const ar_sink& sink) {
  const int64_t in = layer.in_features();
  std::vector<int32_t> index(static_cast<size_t>(in));
  for (int64_t i = 0; i < in; ++i) index[static_cast<size_t>(i)] = static_cast<int32_t>(i / layout.group(in));
  write_tensor(sink, layer.name() + ".g_idx", AR_DTYPE_I32, {in}, index);
}

}  // namespace

void pack_layer(const ar_host& host, Packing packing, const LayerView& layer, const ar_sink& sink) {
  check_scheme(packing_name(packing), layer.scheme());
  if (layer.scheme().bits >= 16) refuse(layer, "is not quantized; an unquantized tensor is added, not packed");
  const IntLayout layout = layout_of(layer);
  check_shape(packing, layer, layout);
  const int64_t out = layer.out_features();
  const int64_t groups = layout.groups(layer.in_features());

  write_weights(host, packing, layer, layout, sink);
  const auto zeros = stored_zeros(host, packing, layer, layout);
  write_tensor(sink, layer.name() + ".qzeros", AR_DTYPE_I32, {groups, stream_words(out, layout.bits)},
               pack_zeros(packing, zeros, groups, out, layout.bits));
  const TensorView scale = layer.plane("scale");
  scale.require_shape({out, groups});
  write_tensor(sink, layer.name() + ".scales", AR_DTYPE_F16, {groups, out},
               transposed(to_f16(scale).data(), out, groups));
  if (packing == Packing::kGptqModel) write_group_index(layer, layout, sink);
  if (layer.has_bias()) {
    layer.bias().require_shape({out});
    write_tensor(sink, layer.name() + ".bias", AR_DTYPE_F16, {out}, to_f16(layer.bias()));
  }
}

}  // namespace ar::formats
