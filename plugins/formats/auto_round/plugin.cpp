#include "common/config_json.hpp"
#include "common/float_layers.hpp"
#include "common/folder_format.hpp"
#include "config.hpp"
#include "stored.hpp"

namespace {

namespace formats = ar::formats;
using formats::Backend;
using formats::Family;
using formats::Scheme;

void unpack_layer(const Backend& backend, const Scheme& scheme, const std::string& name, const ar::TensorList& stored,
                  const ar_sink& sink) {
  switch (backend.family) {
    case Family::kInt: return formats::unpack_int_layer(backend.integers, scheme, name, stored, sink);
    case Family::kFp: return formats::unpack_fp8_layer(scheme, name, stored, sink);
    default: return formats::unpack_block_float_layer(scheme, name, stored, sink);
  }
}

class AutoRound : public formats::FolderFormat {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    formats::check_scheme(format, formats::scheme_of(scheme));
  }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    return formats::resolve_name(format, formats::parse_object(plan_json, "the plan"));
  }

  AutoRound(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : FolderFormat("auto_round", host, plan_json, target),
        backend_(&formats::backend_of(formats::resolve_name(asked(), plan()))) {}

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    require_quantized(layer);
    formats::check_scheme(backend_->name, formats::scheme_of(layer.scheme()));
    switch (backend_->family) {
      case Family::kInt: return formats::pack_int_layer(host(), backend_->integers, layer, sink);
      case Family::kFp: return formats::pack_fp8_layer(fp8_layout(), layer, sink);
      default: return formats::pack_block_float_layer(layer, sink);
    }
  }

  void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const {
    unpack_layer(*backend_, formats::scheme_of(layer.scheme()), layer.name(), stored, sink);
  }

  void finish() {
    write_configs(formats::quantization_config(plan(), *backend_), formats::announced_dtype(plan(), *backend_));
  }

  static bool owns(const std::string& config) {
    return formats::owns_config(formats::parse_object(config, "quantization_config"));
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(config_text, "quantization_config");
    const Scheme scheme = formats::stored_scheme(config, layer.name());
    formats::write_scheme(sink, scheme);
    unpack_layer(formats::required_backend(config, scheme), scheme, layer.name(), stored, sink);
  }

 private:
  formats::Fp8Layout fp8_layout() const { return {"weight_scale_inv", model_dtype(), false}; }

  const Backend* backend_;
};

constexpr const char* kNames[] = {"auto_round:auto_gptq", "auto_round:gptqmodel", "auto_round:auto_awq",
                                  "auto_round:fp8", nullptr};
constexpr const char* kSchemes[] = {"W4A16",
                                    "W2A16",
                                    "W3A16",
                                    "W8A16",
                                    "W2A16G64",
                                    "W2A16G32",
                                    "W4A16_MIXED",
                                    "MXFP4",
                                    "MXFP8",
                                    "MXFP4_RCEIL",
                                    "MXFP8_RCEIL",
                                    "NVFP4",
                                    "NVFP4_E5M3",
                                    "MXINT4",
                                    "FPW8A16",
                                    "FP8_STATIC",
                                    "FP8_BLOCK",
                                    "BF16",
                                    "auto_round:auto_gptq=W4A16,W2A16,W3A16,W8A16,W2A16G64,W2A16G32,W4A16_MIXED,BF16",
                                    "auto_round:gptqmodel=W4A16,W2A16,W3A16,W8A16,W2A16G64,W2A16G32,W4A16_MIXED,BF16",
                                    "auto_round:auto_awq=W4A16,BF16",
                                    "auto_round:fp8=FP8_BLOCK,FPW8A16,BF16",
                                    nullptr};

constexpr ar_plugin_desc kDesc = {
    sizeof(ar_plugin_desc),
    AR_SDK_MAJOR,
    AR_SDK_MINOR,
    AR_KIND_FORMAT,
    0,
    "auto_round",
    kNames,
    "AutoRound checkpoints for transformers and vLLM: integers in GPTQ and AWQ layouts, MXFP, NVFP4, FP8",
    "1.0.0",
    "",
    kSchemes,
    &ar::FormatPlugin<AutoRound>::kApi};

}  // namespace

AR_PLUGIN(auto_round, &kDesc)
