#include "common/float_layers.hpp"
#include "common/real.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

std::vector<uint8_t> split_nibbles(const TensorView& packed) {
  const auto bytes = packed.elements<uint8_t>();
  std::vector<uint8_t> codes(2 * bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    codes[2 * i] = bytes[i] & 15U;
    codes[2 * i + 1] = static_cast<uint8_t>(bytes[i] >> 4U);
  }
  return codes;
}

/// One-byte elements under their true type: files store E8M0 and packed bits as U8, or under a name of their own.
void write_one_byte(const TensorView& t, ar_dtype dtype, const char* plane, const std::vector<int64_t>& shape,
                    const ar_sink& sink) {
  if (t.dtype() != AR_DTYPE_U8) t.require_dtype(dtype);
  t.require_shape(shape);
  write_tensor(sink, plane, dtype, shape, t.bytes(), t.n_bytes());
}

/// A scale of the whole tensor: [1], or a scalar.
void write_scalar(const TensorView& t, const char* plane, const ar_sink& sink) {
  if (t.ndim() != 0) t.require_shape({1});
  write_tensor(sink, plane, AR_DTYPE_F32, {1}, to_f32(t));
}

/// Accepts [out] for [out, 1] and a scalar for [1].
bool has_shape(const TensorView& t, const std::vector<int64_t>& wanted) {
  const auto shape = t.shape();
  if (shape == wanted) return true;
  if (wanted.size() == 2 && wanted[1] == 1) return shape == std::vector<int64_t>{wanted[0]};
  return wanted == std::vector<int64_t>{1} && (shape.empty() || shape == std::vector<int64_t>{1, 1});
}

std::vector<int64_t> fp8_scale_shape(const Scheme& s, int64_t out, int64_t in) {
  if (s.group_size_rows > 0) {
    const auto blocks = [](int64_t n, int64_t size) { return n / size + (n % size != 0 ? 1 : 0); };
    return {blocks(out, s.group_size_rows), blocks(in, s.group_size)};
  }
  if (s.group_size == 0) return {1};
  return {out, s.groups(in)};
}

}  // namespace

void unpack_block_float_layer(const Scheme& scheme, const std::string& layer, const TensorList& stored,
                              const ar_sink& sink) {
  const Family kind = family(scheme);
  const TensorView weight = stored.at(layer + (scheme.bits == 4 ? ".weight_packed" : ".weight"));
  const int64_t out = dimension(weight, 0);
  const int64_t in = dimension(weight, 1) * (scheme.bits == 4 ? 2 : 1);
  const int64_t group = scheme.group(in);
  if (in % group != 0) {
    throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + weight.name() + "' holds " + std::to_string(in) +
                                         " columns: must be a multiple of the group size " + std::to_string(group));
  }
  const std::vector<int64_t> groups = {out, in / group};
  const ar_dtype scale = kind == Family::kNvFp      ? AR_DTYPE_F8_E4M3
                         : kind == Family::kNvFp4V2 ? AR_DTYPE_U8
                                                    : AR_DTYPE_F8_E8M0;
  if (scheme.bits == 4) {
    weight.require_dtype(AR_DTYPE_U8).require_shape({out, in / 2});
    const ar_dtype codes = kind == Family::kMxInt ? AR_DTYPE_U8 : AR_DTYPE_F4_E2M1;
    write_tensor(sink, "codes", codes, {out, in}, split_nibbles(weight));
  } else {
    if (weight.dtype() != AR_DTYPE_F8_E5M2) weight.require_dtype(AR_DTYPE_F8_E4M3);
    weight.require_shape({out, in});
    copy_tensor(sink, "codes", weight);
  }
  write_one_byte(stored.at(layer + ".weight_scale"), scale, "scale", groups, sink);
  if (kind == Family::kNvFp) {
    write_scalar(stored.at(layer + ".weight_global_scale"), "global_scale", sink);
    if (stored.has(layer + ".input_global_scale"))
      write_scalar(stored.at(layer + ".input_global_scale"), "act_global_scale", sink);
  }
  copy_bias(layer, stored, sink);
}

void unpack_fp8_layer(const Scheme& scheme, const std::string& layer, const TensorList& stored, const ar_sink& sink) {
  const TensorView weight = stored.at(layer + ".weight");
  if (weight.dtype() != AR_DTYPE_F8_E5M2) weight.require_dtype(AR_DTYPE_F8_E4M3);
  const int64_t out = dimension(weight, 0);
  const int64_t in = dimension(weight, 1);
  weight.require_shape({out, in});
  const bool inverse = stored.has(layer + ".weight_scale_inv");
  const TensorView scale = stored.at(layer + (inverse ? ".weight_scale_inv" : ".weight_scale"));
  const auto shape = fp8_scale_shape(scheme, out, in);
  if (!has_shape(scale, shape)) scale.require_shape(shape);
  copy_tensor(sink, "codes", weight);
  write_tensor(sink, "scale", AR_DTYPE_F32, shape, to_f32(scale));
  if (stored.has(layer + ".input_scale")) write_scalar(stored.at(layer + ".input_scale"), "act_scale", sink);
  copy_bias(layer, stored, sink);
}

}  // namespace ar::formats
