#include "common/float_layers.hpp"
#include "common/real.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

/// Two 4-bit codes a byte.
std::vector<uint8_t> packed_nibbles(const LayerView& layer, Elements<uint8_t> codes) {
  std::vector<uint8_t> bytes(codes.size() / 2);
  uint8_t all = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t low = codes[2 * i];
    const uint8_t high = codes[2 * i + 1];
    all = static_cast<uint8_t>(all | low | high);
    bytes[i] = static_cast<uint8_t>(low | high << 4U);
  }
  if (all > 15) refuse_layer(layer, "a code does not fit 4 bits");
  return bytes;
}

void write_four_bit_codes(const LayerView& layer, ar_dtype dtype, const ar_sink& sink) {
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  const TensorView codes = layer.plane("codes");
  codes.require_shape({out, in});
  write_tensor(sink, layer.name() + ".weight_packed", AR_DTYPE_U8, {out, in / 2},
               packed_nibbles(layer, codes.elements<uint8_t>(dtype)));
}

bool is_float8(ar_dtype dtype) { return dtype == AR_DTYPE_F8_E4M3 || dtype == AR_DTYPE_F8_E5M2; }

void write_eight_bit_codes(const LayerView& layer, const ar_sink& sink) {
  const TensorView codes = layer.plane("codes");
  codes.require_shape({layer.out_features(), layer.in_features()});
  if (!is_float8(codes.dtype())) codes.require_dtype(AR_DTYPE_F8_E4M3);
  copy_tensor(sink, layer.name() + ".weight", codes);
}

/// A plane of bytes under a stored name and type.
void write_bytes(const LayerView& layer, const char* plane, ar_dtype dtype, const std::vector<int64_t>& shape,
                 const char* name, ar_dtype stored, const ar_sink& sink) {
  const TensorView t = layer.plane(plane);
  t.require_dtype(dtype).require_shape(shape);
  write_tensor(sink, layer.name() + "." + name, stored, shape, t.bytes(), t.n_bytes());
}

void write_as(ar_dtype dtype, const std::string& name, const std::vector<int64_t>& shape, const TensorView& scale,
              const ar_sink& sink) {
  const auto values = scale.elements<float>(AR_DTYPE_F32);
  switch (dtype) {
    case AR_DTYPE_F32: return write_tensor(sink, name, dtype, shape, scale.bytes(), scale.n_bytes());
    case AR_DTYPE_F16: return write_tensor(sink, name, dtype, shape, to_f16(scale));
    default: return write_tensor(sink, name, AR_DTYPE_BF16, shape, to_bf16(values));
  }
}

std::vector<int64_t> fp8_scale_shape(const Scheme& s, int64_t out, int64_t in) {
  if (s.group_size_rows > 0)
    return {(out + s.group_size_rows - 1) / s.group_size_rows, (in + s.group_size - 1) / s.group_size};
  if (s.group_size == 0) return {1};
  return {out, 1};
}

}  // namespace

void pack_block_float_layer(const LayerView& layer, const ar_sink& sink) {
  const Scheme scheme = scheme_of(layer.scheme());
  const Family kind = family(scheme);
  const int64_t out = layer.out_features();
  const int64_t in = layer.in_features();
  if (in % scheme.group_size != 0) {
    refuse_layer(layer, std::to_string(in) + " columns: must be a multiple of the group size " +
                            std::to_string(scheme.group_size));
  }
  const std::vector<int64_t> groups = {out, in / scheme.group_size};
  if (scheme.bits == 4)
    write_four_bit_codes(layer, kind == Family::kMxInt ? AR_DTYPE_U8 : AR_DTYPE_F4_E2M1, sink);
  else
    write_eight_bit_codes(layer, sink);
  const ar_dtype scale = kind == Family::kNvFp      ? AR_DTYPE_F8_E4M3
                         : kind == Family::kNvFp4V2 ? AR_DTYPE_U8
                                                    : AR_DTYPE_F8_E8M0;
  const ar_dtype stored = kind == Family::kNvFp ? AR_DTYPE_F8_E4M3 : AR_DTYPE_U8;
  write_bytes(layer, "scale", scale, groups, "weight_scale", stored, sink);
  if (kind == Family::kNvFp) {
    write_bytes(layer, "global_scale", AR_DTYPE_F32, {1}, "weight_global_scale", AR_DTYPE_F32, sink);
    if (scheme.quantizes_activations())
      write_bytes(layer, "act_global_scale", AR_DTYPE_F32, {1}, "input_global_scale", AR_DTYPE_F32, sink);
  }
  if (!layer.has_bias()) return;
  layer.bias().require_shape({out});
  write_tensor(sink, layer.name() + ".bias", AR_DTYPE_F16, {out}, to_f16(layer.bias()));
}

void pack_fp8_layer(const Fp8Layout& layout, const LayerView& layer, const ar_sink& sink) {
  const Scheme scheme = scheme_of(layer.scheme());
  write_eight_bit_codes(layer, sink);
  const TensorView scale = layer.plane("scale");
  std::vector<int64_t> shape = fp8_scale_shape(scheme, layer.out_features(), layer.in_features());
  scale.require_shape(shape);
  if (scheme.group_size == -1 && !layout.scale_column) shape.pop_back();
  const char* name = scheme.group_size_rows > 0 ? layout.block_scale : "weight_scale";
  write_as(layout.scale_dtype, layer.name() + "." + name, shape, scale, sink);
  if (scheme.quantizes_activations() && !scheme.act_dynamic) {
    const TensorView act = layer.plane("act_scale");
    act.require_shape({1});
    write_as(layout.scale_dtype, layer.name() + ".input_scale", {1}, act, sink);
  }
  if (layer.has_bias()) copy_tensor(sink, layer.name() + ".bias", layer.bias());
}

}  // namespace ar::formats
