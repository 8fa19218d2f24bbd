#include "sample_layer.hpp"

#include <cstring>
#include <random>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "ar/cpp/tensor_view.hpp"
#include "core/quant/boundary_scheme.hpp"
#include "core/quant/scheme_json.hpp"
#include "subject.hpp"

namespace ar::conformance {
namespace json = boost::json;
namespace {

template <typename T>
std::string to_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string random_codes(std::mt19937& random, std::size_t n, int bits) {
  std::string codes(n, '\0');
  for (char& c : codes) c = static_cast<char>(random() & ((1U << bits) - 1U));
  return codes;
}

/// Bits of ordinary float16 numbers of both signs, between 2^-8 and 2^-5.
std::string random_halves(std::mt19937& random, std::size_t n) {
  std::vector<uint16_t> values(n);
  for (auto& v : values) {
    const auto exponent = static_cast<uint16_t>(7U + random() % 3U);
    v = static_cast<uint16_t>((random() & 0x83FFU) | static_cast<unsigned>(exponent << 10U));
  }
  return to_bytes(values);
}

/// Any byte but the NaNs of float8_e4m3fn.
std::string random_float8(std::mt19937& random, std::size_t n, bool positive) {
  std::string bytes(n, '\0');
  for (char& b : bytes) b = static_cast<char>((random() % 0x7FU) | (positive ? 0U : random() & 0x80U));
  return bytes;
}

/// Power-of-two scale bytes about 1.
std::string random_exponents(std::mt19937& random, std::size_t n) {
  std::string bytes(n, '\0');
  for (char& b : bytes) b = static_cast<char>(120U + random() % 12U);
  return bytes;
}

/// Positive float32 numbers that bfloat16 holds exactly: formats may store scales in it.
std::string random_scales(std::mt19937& random, std::size_t n) {
  std::vector<uint32_t> values(n);
  for (auto& v : values) v = static_cast<uint32_t>(0x3C00U + random() % 0x0300U) << 16U;
  return to_bytes(values);
}

std::string random_zero_points(std::mt19937& random, std::size_t n, int bits) {
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(1U + random() % ((1U << bits) - 1U));
  return to_bytes(values);
}

int64_t groups_of(const quant::Scheme& s, int64_t in) {
  return s.group_size > 0 ? (in + s.group_size - 1) / s.group_size : 1;
}

DLDataType dl_type(ar_dtype dtype) {
  const auto bits = static_cast<uint8_t>(8 * dtype_bytes(dtype));
  if (dtype == AR_DTYPE_BF16) return {kDLBfloat, bits, 1};
  if (dtype == AR_DTYPE_F16 || dtype == AR_DTYPE_F32 || dtype == AR_DTYPE_F64) return {kDLFloat, bits, 1};
  const bool is_signed =
      dtype == AR_DTYPE_I8 || dtype == AR_DTYPE_I16 || dtype == AR_DTYPE_I32 || dtype == AR_DTYPE_I64;
  return {static_cast<uint8_t>(is_signed ? kDLInt : kDLUInt), bits, 1};
}

}  // namespace

SampleScheme::SampleScheme(std::string name, quant::Scheme scheme)
    : name_(std::move(name)), scheme_(std::move(scheme)) {}

ar_scheme SampleScheme::table() const { return quant::boundary_scheme(scheme_, name_.c_str()); }

std::string SampleScheme::json() const { return json::serialize(quant::scheme_json(scheme_)); }

SampleLayer::SampleLayer(std::string name, const SampleScheme& scheme, int64_t out, int64_t in, bool with_bias)
    : name_(std::move(name)), scheme_(scheme.table()), integer_(scheme.values().data_type.rfind("int", 0) == 0) {
  fill(scheme.values(), out, in, with_bias);
  for (auto& [plane, tensor] : planes_) {
    strides_.push_back(std::make_unique<std::vector<int64_t>>());
    const ar_tensor view = view_of(plane, tensor, *strides_.back());
    if (plane == "bias")
      bias_ = view;
    else
      views_.push_back(view);
  }
  table_ = {sizeof(ar_layer),
            name_.c_str(),
            &scheme_,
            out,
            in,
            0,
            views_.data(),
            views_.size(),
            with_bias ? &bias_ : nullptr};
}

void SampleLayer::fill(const quant::Scheme& s, int64_t out, int64_t in, bool with_bias) {
  std::mt19937 random(20'240'517);
  const auto n = static_cast<std::size_t>(out * in);
  if (s.super_bits)
    fill_two_level(s, out, in, random);
  else if (integer_ || s.bits > 8)
    fill_integer(s, out, in, random);
  else if (s.data_type.rfind("fp", 0) == 0)
    fill_float8(s, out, in, random);
  else
    fill_block_float(s, out, in, random);
  add_plane("weight", AR_DTYPE_BF16, {out, in}, random_halves(random, n));
  if (with_bias) add_plane("bias", AR_DTYPE_F16, {out}, random_halves(random, static_cast<std::size_t>(out)));
}

void SampleLayer::fill_integer(const quant::Scheme& s, int64_t out, int64_t in, std::mt19937& random) {
  const int64_t groups = groups_of(s, in);
  const auto n_groups = static_cast<std::size_t>(out * groups);
  if (s.bits <= 8)
    add_plane("codes", AR_DTYPE_U8, {out, in}, random_codes(random, static_cast<std::size_t>(out * in), s.bits));
  add_plane("scale", AR_DTYPE_F16, {out, groups}, random_halves(random, n_groups));
  if (integer_ && !s.sym)
    add_plane("zero_point", AR_DTYPE_F32, {out, groups}, random_zero_points(random, n_groups, s.bits));
}

/// One scale a tensor, a row or a block.
void SampleLayer::fill_two_level(const quant::Scheme& s, int64_t out, int64_t in, std::mt19937& random) {
  const std::vector<int64_t> groups = {out, groups_of(s, in)};
  const std::vector<int64_t> blocks = {out, (groups[1] + *s.super_group_size - 1) / *s.super_group_size};
  const auto n_groups = static_cast<std::size_t>(out * groups[1]);
  const auto n_blocks = static_cast<std::size_t>(out * blocks[1]);
  add_plane("codes", AR_DTYPE_U8, {out, in}, random_codes(random, static_cast<std::size_t>(out * in), s.bits));
  add_plane("scale_codes", AR_DTYPE_U8, groups, random_codes(random, n_groups, *s.super_bits));
  add_plane("super_scale", AR_DTYPE_F32, blocks, random_scales(random, n_blocks));
  if (s.sym) return;
  add_plane("min_codes", AR_DTYPE_U8, groups, random_codes(random, n_groups, *s.super_bits));
  add_plane("super_min", AR_DTYPE_F32, blocks, random_scales(random, n_blocks));
}

void SampleLayer::fill_float8(const quant::Scheme& s, int64_t out, int64_t in, std::mt19937& random) {
  const int64_t rows = s.group_size_rows;
  std::vector<int64_t> shape = {out, groups_of(s, in)};
  if (s.group_size == 0) shape = {1};
  if (rows > 0) shape = {(out + rows - 1) / rows, (in + s.group_size - 1) / s.group_size};
  const int64_t n_scales = shape.size() == 1 ? 1 : shape[0] * shape[1];
  add_plane("codes", AR_DTYPE_F8_E4M3, {out, in}, random_float8(random, static_cast<std::size_t>(out * in), false));
  add_plane("scale", AR_DTYPE_F32, shape, random_scales(random, static_cast<std::size_t>(n_scales)));
  if (s.act_bits <= 8 && !s.act_dynamic) add_plane("act_scale", AR_DTYPE_F32, {1}, random_scales(random, 1));
}

void SampleLayer::fill_block_float(const quant::Scheme& s, int64_t out, int64_t in, std::mt19937& random) {
  const auto n = static_cast<std::size_t>(out * in);
  const std::vector<int64_t> groups = {out, groups_of(s, in)};
  const auto n_groups = static_cast<std::size_t>(out * groups[1]);
  const bool nv = s.data_type.rfind("nv_fp", 0) == 0;
  if (s.bits == 8)
    add_plane("codes", AR_DTYPE_F8_E4M3, {out, in}, random_float8(random, n, false));
  else
    add_plane("codes", s.data_type == "mx_int" ? AR_DTYPE_U8 : AR_DTYPE_F4_E2M1, {out, in}, random_codes(random, n, 4));
  if (nv)
    add_plane("scale", AR_DTYPE_F8_E4M3, groups, random_float8(random, n_groups, true));
  else if (s.data_type == "nvfp4_v2")
    add_plane("scale", AR_DTYPE_U8, groups, random_codes(random, n_groups, 8));
  else
    add_plane("scale", AR_DTYPE_F8_E8M0, groups, random_exponents(random, n_groups));
  if (nv) add_plane("global_scale", AR_DTYPE_F32, {1}, random_scales(random, 1));
  if (nv && s.act_bits <= 8) add_plane("act_global_scale", AR_DTYPE_F32, {1}, random_scales(random, 1));
}

void SampleLayer::add_plane(const std::string& plane, ar_dtype dtype, std::vector<int64_t> shape, std::string bytes) {
  planes_[plane] = {dtype, std::move(shape), std::move(bytes)};
}

ar_tensor view_of(const std::string& name, const StoredTensor& tensor, std::vector<int64_t>& strides) {
  strides.assign(tensor.shape.size(), 1);
  for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  DLTensor view{};
  view.data = const_cast<char*>(tensor.bytes.data());
  view.device = {kDLCPU, 0};
  view.ndim = static_cast<int32_t>(tensor.shape.size());
  view.dtype = dl_type(tensor.dtype);
  view.shape = const_cast<int64_t*>(tensor.shape.data());
  view.strides = strides.data();
  return {sizeof(ar_tensor), name.c_str(), tensor.dtype, view};
}

std::string plan_json(const std::string& format, const SampleScheme& scheme, const std::string& layer,
                      int64_t in_features, const std::string& options) {
  const json::object s = quant::scheme_json(scheme.values());
  const json::object quantization{{"bits", scheme.values().bits},
                                  {"data_type", scheme.values().data_type},
                                  {"group_size", quant::group_size_json(scheme.values())},
                                  {"sym", scheme.values().sym}};
  const json::object planned{{"name", layer},    {"scheme", s},       {"in_features", in_features},
                             {"in_block", true}, {"quantized", true}, {"fixed_by_user", false},
                             {"reason", ""}};
  const json::object config{
      {"architectures", json::array{"LlamaForCausalLM"}}, {"model_type", "llama"}, {"torch_dtype", "bfloat16"}};
  std::string text = json::serialize(json::object{{"format", format},
                                                  {"scheme", s},
                                                  {"quantization", quantization},
                                                  {"version", "0.0.0"},
                                                  {"block_names", json::array{"model.layers"}},
                                                  {"layers", json::array{planned}},
                                                  {"extra_config", json::object{}},
                                                  {"config", config},
                                                  {"dtype", "bfloat16"},
                                                  {"model", "conformance"},
                                                  {"side_files", json::array{}}});
  text.pop_back();
  return text + ",\"declarations\":" + subject().declarations + ",\"options\":" + options + "}";
}

}  // namespace ar::conformance
