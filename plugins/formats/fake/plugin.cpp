#include <algorithm>

#include "common/config_json.hpp"
#include "common/folder_format.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "common/stored_tensor.hpp"

namespace {

using ar::Error;
namespace formats = ar::formats;

constexpr const char* kName = "fake";
constexpr const char* kPacking = "auto_round:fake";

/// Whether the layer lies in the quantized blocks, "a.b, c.d", or is named by itself.
bool is_covered(const boost::json::object& config, const std::string& layer) {
  if (formats::has_own_entry(config, layer)) return true;
  const std::string blocks = formats::text_of(config, "block_name_to_quantize");
  for (std::size_t begin = 0; begin < blocks.size();) {
    const std::size_t end = std::min(blocks.find(',', begin), blocks.size());
    const std::string prefix = blocks.substr(begin, end - begin) + ".";
    if (layer.compare(0, prefix.size(), prefix) == 0) return true;
    begin = blocks.find_first_not_of(", ", end);
    if (begin == std::string::npos) break;
  }
  return false;
}

/// Rows of `element_bytes`-wide values [rows, cols] as [cols, rows].
std::vector<unsigned char> transposed_bytes(const ar::TensorView& t, int64_t rows, int64_t cols) {
  const std::size_t size = ar::dtype_bytes(t.dtype());
  const auto* from = static_cast<const unsigned char*>(t.bytes());
  std::vector<unsigned char> bytes(t.n_bytes());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) {
      std::memcpy(bytes.data() + static_cast<std::size_t>(c * rows + r) * size,
                  from + static_cast<std::size_t>(r * cols + c) * size, size);
    }
  }
  return bytes;
}

boost::json::object fake_config(const boost::json::object& plan) {
  boost::json::object config;
  for (const auto& pair : formats::object_member(plan, "quantization")) config[pair.key()] = pair.value();
  config["autoround_version"] = formats::string_member(plan, "version");
  config["block_name_to_quantize"] = formats::joined_block_names(plan);
  config["quant_method"] = "auto-round";
  config["packing_format"] = kPacking;
  config["regex_config"] = boost::json::object();
  if (const auto& extra = formats::object_member(plan, "extra_config"); !extra.empty()) config["extra_config"] = extra;
  return config;
}

/// The model with quantize-dequantized weights under their ordinary names.
class Fake : public formats::FolderFormat {
 public:
  static void check(const std::string& format, const ar_scheme&) {
    if (format != kName) throw Error(AR_UNSUPPORTED, "format '" + format + "': accepted is fake, without a colon");
  }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    formats::refuse_states(formats::parse_object(plan_json, "the plan"), kName);
    return format;
  }

  Fake(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : FolderFormat(kName, host, plan_json, target) {}

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    const int64_t out = layer.out_features();
    const int64_t in = layer.in_features();
    const ar::TensorView weight = layer.plane("weight");
    weight.require_shape({out, in});
    if (layer.conv1d()) {
      ar::write_tensor(sink, layer.name() + ".weight", weight.dtype(), {in, out}, transposed_bytes(weight, out, in));
    } else {
      formats::copy_tensor(sink, layer.name() + ".weight", weight);
    }
    if (layer.has("act_global_scale"))  // upstream's reader computes NaN without it
      formats::copy_tensor(sink, layer.name() + ".input_global_scale", layer.plane("act_global_scale"));
    if (layer.has_bias()) formats::copy_tensor(sink, layer.name() + ".bias", layer.bias());
  }

  static bool owns(const std::string& text) {
    const auto config = formats::parse_object(text, "quantization_config");
    return formats::text_of(config, "quant_method") == "auto-round" &&
           formats::text_of(config, "packing_format") == kPacking;
  }

  /// Weights are ordinary tensors: there is only how inputs are quantized.
  static bool reads_ordinary_weights() { return true; }

  static void read_layer(const std::string& text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(text, "quantization_config");
    formats::Scheme scheme = formats::configured_scheme(config, layer.name());
    if (!is_covered(config, layer.name()) || scheme.bits >= 16) scheme.act_bits = 16;
    scheme.bits = 16;
    formats::write_scheme(sink, scheme);
    const std::string global_scale = layer.name() + ".input_global_scale";
    if (stored.has(global_scale)) formats::copy_tensor(sink, "act_global_scale", stored.at(global_scale));
  }

  /// Only a model whose activations are quantized needs a reader of its own, and only config.json says so.
  void finish() {
    const bool activations = formats::planned_scheme(plan()).quantizes_activations();
    write_file("config.json",
               formats::config_json(formats::object_member(plan(), "config"), formats::string_member(plan(), "dtype"),
                                    activations ? fake_config(plan()) : boost::json::object(), ""));
  }
};

constexpr const char* kSchemes[] = {"*", nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  "fake",
                                  nullptr,
                                  "The model with quantize-dequantized weights in its ordinary layout",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<Fake>::kApi};

}  // namespace

AR_PLUGIN(fake, &kDesc)
