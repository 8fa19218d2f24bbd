// A format in C++: weights computed back from codes, scales and zero points, as float32 under their ordinary names. Any
// reader of safetensors loads the result, so the planes can be judged without a kernel for a packing.
#include <cstring>
#include <string>
#include <vector>

#include "ar/c/helpers.h"
#include "ar/cpp/format_plugin.hpp"

namespace {

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16U;
  const uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) throw ar::Error(AR_INVALID_ARGUMENT, "a scale is not finite");
  uint32_t bits = (magnitude << 13U) + (112U << 23U);  // 112: difference of the exponents' offsets
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  if (magnitude < 0x0400U) value = static_cast<float>(magnitude) * 0x1p-24F;  // subnormal
  std::memcpy(&bits, &value, sizeof(bits));
  bits |= sign;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::vector<float> scales_of(const ar::LayerView& layer) {
  const ar::TensorView plane = layer.plane("scale");
  if (plane.dtype() == AR_DTYPE_F32) {
    const auto values = plane.elements<float>();
    return {values.begin(), values.end()};
  }
  std::vector<float> values;
  for (const uint16_t half : plane.elements<uint16_t>(AR_DTYPE_F16)) values.push_back(half_to_float(half));
  return values;
}

class Dequantized {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    if (format != "dequantized") {
      throw ar::Error(AR_UNSUPPORTED, "format '" + format + "': accepted is dequantized, without a colon");
    }
    const bool integer = std::string(scheme.data_type).rfind("int", 0) == 0;
    if (scheme.bits < 16 && (!integer || scheme.bits > 8 || scheme.super_bits != 0 || scheme.group_size == 0 ||
                             scheme.group_size_rows != 0 || scheme.act_bits < 16)) {
      throw ar::Error(AR_UNSUPPORTED,
                      "dequantized takes integer weights of 8 bits and fewer, with one scale a row and group");
    }
  }
  static std::string resolve(const std::string& format, const std::string&) { return format; }

  Dequantized(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : host_(&host), target_(&target) {
    ar_error err{};
    ar::require_ok(ar_refuse_options(plan_json.c_str(), &err), err, "open");
    std::size_t length = 0;
    const char* config = ar_json_member(plan_json.c_str(), "config", &length);
    if (config == nullptr) throw ar::Error(AR_INVALID_ARGUMENT, "the plan has no 'config'");
    config_.assign(config, length);
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    if (layer.conv1d()) {
      throw ar::Error(AR_UNSUPPORTED, "layer '" + layer.name() + "' is stored [in, out]; dequantized keeps [out, in]");
    }
    const int64_t out = layer.out_features();
    const int64_t in = layer.in_features();
    const int64_t group = layer.scheme().group_size > 0 ? layer.scheme().group_size : in;
    const int64_t n_groups = (in + group - 1) / group;
    const auto codes = layer.plane("codes").require_shape({out, in}).elements<uint8_t>();
    layer.plane("scale").require_shape({out, n_groups});
    const std::vector<float> scales = scales_of(layer);
    const auto middle = static_cast<float>(1 << (layer.scheme().bits - 1));
    ar::Elements<float> zeros;
    if (layer.has("zero_point"))
      zeros = layer.plane("zero_point").require_shape({out, n_groups}).elements<float>(AR_DTYPE_F32);

    std::vector<float> weight(codes.size());
    constexpr int64_t kRows = 16;  // a slice worth a task
    ar::parallel_for(*host_, out, kRows, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t c = 0; c < in; ++c) {
          const auto i = static_cast<std::size_t>(r * in + c);
          const auto g = static_cast<std::size_t>(r * n_groups + c / group);
          const float zero = zeros.size() != 0 ? zeros[g] : middle;
          weight[i] = scales[g] * (static_cast<float>(codes[i]) - zero);
        }
      }
    });
    ar::write_tensor(sink, layer.name() + ".weight", AR_DTYPE_F32, {out, in}, weight);
    if (layer.has_bias()) copy(sink, layer.name() + ".bias", layer.bias());
  }

  void add(const ar::TensorView& tensor) { copy(*target_->sink, tensor.name(), tensor); }
  void finish() { ar::write_file(*target_, "config.json", config_); }

 private:
  static void copy(const ar_sink& sink, const std::string& name, const ar::TensorView& tensor) {
    ar::write_tensor(sink, name, tensor.dtype(), tensor.shape(), tensor.bytes(), tensor.n_bytes());
  }

  const ar_host* host_;
  const ar_target* target_;
  std::string config_;
};

constexpr const char* kCapabilities[] = {"W4A16", "W2A16", "W3A16", "W8A16", "W2A16G64", "W2A16G32", "BF16", nullptr};
constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  "dequantized",
                                  nullptr,
                                  "float32 weights computed back from codes, scales and zero points",
                                  "1.0",
                                  "",
                                  kCapabilities,
                                  &ar::FormatPlugin<Dequantized>::kApi};

}  // namespace

AR_PLUGIN(dequantized, &kDesc)
