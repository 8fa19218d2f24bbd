#include "ar/cpp/format_plugin.hpp"
#include "common/config_json.hpp"
#include "config.hpp"
#include "pack.hpp"

namespace {

using ar::Error;
namespace formats = ar::formats;
namespace json = boost::json;

class AutoRound {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) { formats::check_scheme(format, scheme); }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    return formats::packing_name(formats::choose_packing(format, formats::parse_object(plan_json, "the plan")));
  }

  AutoRound(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : host_(&host),
        target_(&target),
        plan_(formats::parse_object(plan_json, "the plan")),
        packing_(formats::choose_packing(std::string(formats::string_member(plan_, "format")), plan_)) {
    const json::object& options = formats::object_member(plan_, "options");
    if (options.empty()) return;
    throw Error(AR_INVALID_ARGUMENT,
                "unknown option '" + std::string(options.begin()->key()) + "': auto_round takes none");
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    formats::pack_layer(*host_, packing_, layer, sink);
  }

  void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const {
    const ar_scheme& s = layer.scheme();
    formats::unpack_layer(packing_, {s.bits, s.group_size, s.sym != 0}, layer.name(), stored, sink);
  }

  void add(const ar::TensorView& t) {
    ar::write_tensor(*target_->sink, t.name(), t.dtype(), t.shape(), t.bytes(), t.n_bytes());
  }

  void finish() {
    const json::object quantization = formats::quantization_config(plan_, packing_);
    const std::string_view stored = formats::string_member(plan_, "dtype");
    const char* announced = quantization.empty() ? "" : formats::announced_dtype(packing_);
    ar::write_file(*target_, "config.json",
                   formats::config_json(formats::object_member(plan_, "config"), stored, quantization, announced));
    if (quantization.empty()) return;
    ar::write_file(*target_, "quantization_config.json", formats::quantization_config_json(quantization));
  }

  static bool owns(const std::string& config) {
    return formats::owns_config(formats::parse_object(config, "quantization_config"));
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const json::object config = formats::parse_object(config_text, "quantization_config");
    const formats::IntLayout layout = formats::stored_layout(config, layer.name());
    formats::unpack_layer(formats::stored_packing(config), layout, layer.name(), stored, sink);
    const std::vector<int64_t> scheme = {layout.bits, layout.group_size, layout.sym ? 1 : 0};
    ar::write_tensor(sink, "scheme", AR_DTYPE_I64, {3}, scheme);
  }

 private:
  const ar_host* host_;
  const ar_target* target_;
  json::object plan_;
  formats::Packing packing_;
};

constexpr const char* kNames[] = {"auto_round:auto_gptq", "auto_round:gptqmodel", "auto_round:auto_awq", nullptr};
constexpr const char* kSchemes[] = {
    "W4A16", "W2A16", "W3A16", "W8A16", "W2A16G64", "W2A16G32", "BF16", "auto_round:auto_awq=W4A16,BF16", nullptr};

constexpr ar_plugin_desc kDesc = {
    sizeof(ar_plugin_desc),
    AR_SDK_MAJOR,
    AR_SDK_MINOR,
    AR_KIND_FORMAT,
    0,
    "auto_round",
    kNames,
    "AutoRound checkpoints for transformers and vLLM: integer weights in GPTQ and AWQ layouts",
    "1.0.0",
    "",
    kSchemes,
    &ar::FormatPlugin<AutoRound>::kApi};

}  // namespace

AR_PLUGIN(auto_round, &kDesc)
