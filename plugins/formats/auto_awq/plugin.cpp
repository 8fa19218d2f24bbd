#include "common/config_json.hpp"
#include "common/int_folder.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "config.hpp"

namespace {

namespace formats = ar::formats;
using ar::Error;
using formats::Scheme;

constexpr const char* kName = "auto_awq";
constexpr formats::IntLayout kLayout = {true, false, false};

/// AWQ's config has one width and one group size for the whole model.
void refuse_exceptions(const boost::json::object& plan) {
  const Scheme global = formats::planned_scheme(plan);
  const auto layers = formats::planned_layers(plan);
  if (const auto* misfit = formats::first_awq_misfit(layers)) {
    throw Error(AR_UNSUPPORTED, "layer '" + misfit->name +
                                    "': AWQ holds 4 bits only, and in_features must be a multiple of group_size");
  }
  for (const auto& l : layers) {
    if (!l.quantized || (l.scheme.group_size == global.group_size && l.scheme.sym == global.sym)) continue;
    throw Error(AR_UNSUPPORTED, "layer '" + l.name +
                                    "' has another group_size or symmetry than the model, which AWQ's "
                                    "config cannot say; auto_round:auto_awq can");
  }
}

class AutoAwq : public formats::IntFolder {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    check_format(kName, kLayout, format, scheme);
  }

  static std::string resolve(const std::string&, const std::string& plan_json) {
    const auto plan = formats::parse_object(plan_json, "the plan");
    const std::string format = resolve_plan(kName, plan);
    refuse_exceptions(plan);
    return format;
  }

  AutoAwq(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : IntFolder(kName, kLayout, host, plan_json, target) {
    refuse_exceptions(plan());
  }

  void finish() { write_configs(formats::awq_config(plan()), "float16"); }

  static bool owns(const std::string& config) {
    return formats::text_of(formats::parse_object(config, "quantization_config"), "quant_method") == "awq";
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(config_text, "quantization_config");
    const Scheme scheme = formats::awq_stored_scheme(config);
    formats::write_scheme(sink, scheme);
    formats::unpack_int_layer(kLayout, scheme, layer.name(), stored, sink);
  }
};

constexpr const char* kSchemes[] = {"W4A16", "BF16", nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  kName,
                                  nullptr,
                                  "AWQ checkpoints: 4-bit weights for every reader of quant_method awq",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<AutoAwq>::kApi};

}  // namespace

AR_PLUGIN(auto_awq, &kDesc)
