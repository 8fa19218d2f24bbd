#include "int_layers.hpp"

#include "common/bit_packing.hpp"
#include "common/int_layers.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

constexpr int kByteMiddle = 128;  // stored bytes are signed, codes are not

/// The scale in the type it was tuned with.
void write_scale(const LayerView& layer, const std::vector<int64_t>& shape, const ar_sink& sink) {
  const TensorView scale = layer.plane("scale");
  scale.require_shape(shape);
  copy_tensor(sink, layer.name() + ".weight_scale", scale);
}

void write_bias(const LayerView& layer, const ar_sink& sink) {
  if (layer.has_bias()) copy_tensor(sink, layer.name() + ".bias", layer.bias());
}

std::vector<uint8_t> unsigned_bytes(const TensorView& t) {
  const auto bytes = t.elements<uint8_t>(AR_DTYPE_I8);
  std::vector<uint8_t> codes(bytes.size());
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(bytes[i] ^ kByteMiddle);
  return codes;
}

struct Shape {
  int64_t out;
  int64_t in;
};

Shape packed_shape(const std::string& layer, const TensorView& packed, const TensorList& stored, int bits) {
  const TensorView shape = stored.at(layer + ".weight_shape");
  shape.require_shape({2});
  std::vector<int64_t> sizes;
  if (shape.dtype() == AR_DTYPE_I32) {
    for (const int32_t n : aligned<int32_t>(shape, AR_DTYPE_I32)) sizes.push_back(n);
  } else {
    sizes = aligned<int64_t>(shape, AR_DTYPE_I64);
  }
  const int64_t out = dimension(packed, 0);
  const int64_t words = dimension(packed, 1);
  if (sizes[0] != out || sizes[1] < 1 || sizes[1] > words * 32 || stream_words(sizes[1], bits) != words) {
    throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + shape.name() + "' says " + std::to_string(sizes[0]) +
                                         " x " + std::to_string(sizes[1]) + ", but '" + packed.name() + "' holds " +
                                         std::to_string(out) + " rows of " + std::to_string(words) + " words of " +
                                         std::to_string(bits) + "-bit codes");
  }
  return {out, sizes[1]};
}

std::vector<uint8_t> packed_codes(const TensorView& packed, const Shape& shape, int bits) {
  const auto words = words_of(packed);
  const int64_t width = stream_words(shape.in, bits);
  std::vector<uint8_t> codes(static_cast<size_t>(shape.out * shape.in));
  for (int64_t r = 0; r < shape.out; ++r)
    unpack_stream(words.data() + r * width, shape.in, bits, codes.data() + r * shape.in);
  return codes;
}

/// Packed along the rows, a column for every group.
std::vector<float> packed_zero_points(const TensorView& zeros, int64_t out, int64_t groups, int bits) {
  const int64_t height = stream_words(out, bits);
  zeros.require_shape({height, groups});
  const auto words = words_of(zeros);
  std::vector<uint32_t> column(static_cast<size_t>(height));
  std::vector<uint8_t> codes(static_cast<size_t>(out));
  std::vector<float> points(static_cast<size_t>(out * groups));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t i = 0; i < height; ++i) column[static_cast<size_t>(i)] = words[static_cast<size_t>(i * groups + g)];
    unpack_stream(column.data(), out, bits, codes.data());
    for (int64_t r = 0; r < out; ++r)
      points[static_cast<size_t>(r * groups + g)] = static_cast<float>(codes[static_cast<size_t>(r)]);
  }
  return points;
}

std::vector<float> zero_points(const TensorView& zeros, int64_t out, int64_t groups, int bits) {
  if (zeros.dtype() != AR_DTYPE_I8) return packed_zero_points(zeros, out, groups, bits);
  zeros.require_shape({out, groups});
  const int middle = 1 << (bits - 1);
  std::vector<float> points;
  for (const int8_t z : zeros.elements<int8_t>()) points.push_back(static_cast<float>(z + middle));
  return points;
}

void check_order(const TensorView& g_idx, const Scheme& scheme, int64_t in) {
  g_idx.require_shape({in});
  const auto index = aligned<int32_t>(g_idx, AR_DTYPE_I32);
  for (int64_t i = 0; i < in; ++i) {
    if (index[static_cast<size_t>(i)] == i / scheme.group(in)) continue;
    throw Error(AR_UNSUPPORTED, std::string("tensor '") + g_idx.name() + "' puts column " + std::to_string(i) +
                                    " into group " + std::to_string(index[static_cast<size_t>(i)]) +
                                    ": groups out of order (actorder) are not read");
  }
}

void write_stored_scale(const TensorView& scale, int64_t out, int64_t groups, const ar_sink& sink) {
  scale.require_shape({out, groups});
  const bool real = scale.dtype() == AR_DTYPE_F16 || scale.dtype() == AR_DTYPE_BF16 || scale.dtype() == AR_DTYPE_F32;
  if (!real) scale.require_dtype(AR_DTYPE_F16);
  copy_tensor(sink, "scale", TensorView(scale));
}

}  // namespace

void pack_packed_int(const ar_host& host, const LayerView& layer, const ar_sink& sink) {
  constexpr int64_t kGrain = 64;  // rows a task
  const Scheme scheme = scheme_of(layer.scheme());
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  if (in % scheme.group(in) != 0)
    refuse_layer(layer, std::to_string(in) + " columns: must be a multiple of the group size " +
                            std::to_string(scheme.group_size));
  const auto codes = checked_codes(layer, scheme.bits);
  const int64_t width = stream_words(in, scheme.bits);
  std::vector<uint32_t> words(static_cast<size_t>(out * width));
  parallel_for(host, out, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      pack_stream(codes.begin() + r * in, in, scheme.bits, words.data() + r * width);
  });
  const std::vector<int64_t> shape = {out, in};
  write_tensor(sink, layer.name() + ".weight_packed", AR_DTYPE_I32, {out, width}, words);
  write_scale(layer, {out, scheme.groups(in)}, sink);
  write_tensor(sink, layer.name() + ".weight_shape", AR_DTYPE_I64, {2}, shape);
  write_bias(layer, sink);
}

void pack_int8(const LayerView& layer, const ar_sink& sink) {
  const auto codes = checked_codes(layer, 8);
  std::vector<uint8_t> bytes(codes.size());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(codes[i] ^ kByteMiddle);
  write_tensor(sink, layer.name() + ".weight", AR_DTYPE_I8, {layer.out_features(), layer.in_features()}, bytes);
  write_scale(layer, {layer.out_features(), 1}, sink);
  write_bias(layer, sink);
}

void unpack_compressed_int(const Scheme& scheme, const std::string& layer, const TensorList& stored,
                           const ar_sink& sink) {
  const bool packed = stored.has(layer + ".weight_packed");
  const TensorView weight = stored.at(layer + (packed ? ".weight_packed" : ".weight"));
  if (!packed && scheme.bits != 8)
    throw Error(AR_UNSUPPORTED, std::string("tensor '") + weight.name() + "' holds bytes, the config says " +
                                    std::to_string(scheme.bits) + " bits: must be 8");
  const Shape shape =
      packed ? packed_shape(layer, weight, stored, scheme.bits) : Shape{dimension(weight, 0), dimension(weight, 1)};
  if (!packed) weight.require_shape({shape.out, shape.in});
  const int64_t groups = scheme.groups(shape.in);
  const std::string g_idx = layer + ".weight_g_idx";
  if (stored.has(g_idx)) check_order(stored.at(g_idx), scheme, shape.in);
  write_tensor(sink, "codes", AR_DTYPE_U8, {shape.out, shape.in},
               packed ? packed_codes(weight, shape, scheme.bits) : unsigned_bytes(weight));
  write_stored_scale(stored.at(layer + ".weight_scale"), shape.out, groups, sink);
  if (!scheme.sym) {
    write_tensor(sink, "zero_point", AR_DTYPE_F32, {shape.out, groups},
                 zero_points(stored.at(layer + ".weight_zero_point"), shape.out, groups, scheme.bits));
  }
  copy_bias(layer, stored, sink);
}

}  // namespace ar::formats
