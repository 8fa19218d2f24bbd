#include "common/config_json.hpp"
#include "common/int_folder.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "config.hpp"
#include "stored.hpp"

namespace {

namespace formats = ar::formats;
using ar::Error;
using formats::Scheme;

constexpr const char* kName = "auto_gptq";
constexpr formats::IntLayout kLayout = {false, true, true};  // GPTQ v1 with g_idx

class AutoGptq : public formats::IntFolder {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    check_format(kName, kLayout, format, scheme);
  }

  static std::string resolve(const std::string&, const std::string& plan_json) {
    return resolve_plan(kName, formats::parse_object(plan_json, "the plan"));
  }

  AutoGptq(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : IntFolder(kName, kLayout, host, plan_json, target) {}

  void finish() { write_configs(formats::gptq_config(plan()), "float16"); }

  static bool owns(const std::string& config) {
    return formats::text_of(formats::parse_object(config, "quantization_config"), "quant_method") == "gptq";
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(config_text, "quantization_config");
    const Scheme scheme = formats::gptq_stored_scheme(config, layer.name());
    formats::write_scheme(sink, scheme);
    formats::unpack_int_layer(formats::gptq_stored_layout(config), scheme, layer.name(), stored, sink);
  }
};

constexpr const char* kSchemes[] = {"W4A16",    "W2A16",       "W3A16", "W8A16", "W2A16G64",
                                    "W2A16G32", "W4A16_MIXED", "BF16",  nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  kName,
                                  nullptr,
                                  "GPTQ checkpoints: integer weights for every reader of quant_method gptq",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<AutoGptq>::kApi};

}  // namespace

AR_PLUGIN(auto_gptq, &kDesc)
