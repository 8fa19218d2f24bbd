#include "common/config_json.hpp"
#include "common/float_layers.hpp"
#include "common/folder_format.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "config.hpp"

namespace {

namespace formats = ar::formats;
using ar::Error;
using formats::Family;
using formats::Scheme;

constexpr const char* kName = "fp8";

class Fp8 : public formats::FolderFormat {
 public:
  static void check(const std::string& format, const ar_scheme& raw) {
    if (format != kName) throw Error(AR_UNSUPPORTED, "format '" + format + "': accepted is fp8, without a colon");
    const Scheme scheme = formats::scheme_of(raw);
    const Family kind = formats::storable_family(format, scheme);
    if (kind == Family::kNone) return;
    if (kind == Family::kFp) formats::check_fp8_scheme(format, scheme);
    const bool e4m3 = scheme.data_type.find("e5m2") == std::string::npos;
    if (kind == Family::kFp && e4m3 && scheme.group_size_rows > 0 && scheme.quantizes_activations()) return;
    throw Error(AR_UNSUPPORTED, "data_type '" + scheme.data_type + "' with group_size " +
                                    std::to_string(scheme.group_size) +
                                    ": fp8 stores blocks of e4m3 weights beside "
                                    "dynamic fp8 activations (FP8_BLOCK)");
  }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    const auto plan = formats::parse_object(plan_json, "the plan");
    formats::refuse_mixed_families(plan, kName);
    formats::refuse_quantized_head(plan, kName);
    return format;
  }

  Fp8(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : FolderFormat(kName, host, plan_json, target) {
    resolve(kName, plan_json);
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    require_quantized(layer);
    check(kName, layer.scheme());
    formats::pack_fp8_layer({"weight_scale_inv", model_dtype(), false}, layer, sink);
  }

  void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const {
    formats::unpack_fp8_layer(formats::scheme_of(layer.scheme()), layer.name(), stored, sink);
  }

  void finish() { write_configs(formats::fp8_config(plan()), "bfloat16"); }

  static bool owns(const std::string& config) {
    return formats::text_of(formats::parse_object(config, "quantization_config"), "quant_method") == "fp8";
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const Scheme scheme = formats::fp8_stored_scheme(formats::parse_object(config_text, "quantization_config"));
    formats::write_scheme(sink, scheme);
    formats::unpack_fp8_layer(scheme, layer.name(), stored, sink);
  }
};

constexpr const char* kSchemes[] = {"FP8_BLOCK", "BF16", nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  kName,
                                  nullptr,
                                  "FP8 checkpoints with one scale a block, as DeepSeek and Qwen publish them",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<Fp8>::kApi};

}  // namespace

AR_PLUGIN(fp8, &kDesc)
