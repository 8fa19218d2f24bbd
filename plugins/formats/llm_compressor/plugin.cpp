#include "common/config_json.hpp"
#include "common/float_layers.hpp"
#include "common/folder_format.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "config.hpp"
#include "int_layers.hpp"
#include "kind.hpp"
#include "stored.hpp"

namespace {

namespace formats = ar::formats;
using formats::Family;
using formats::Kind;
using formats::Scheme;

constexpr const char* kName = "llm_compressor";

void unpack_layer(const Scheme& scheme, const std::string& name, const ar::TensorList& stored, const ar_sink& sink) {
  switch (formats::family(scheme)) {
    case Family::kInt: return formats::unpack_compressed_int(scheme, name, stored, sink);
    case Family::kFp: return formats::unpack_fp8_layer(scheme, name, stored, sink);
    default: return formats::unpack_block_float_layer(scheme, name, stored, sink);
  }
}

class LlmCompressor : public formats::FolderFormat {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    formats::check_llm_compressor(format, formats::scheme_of(scheme));
  }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    return formats::resolve_llm_compressor(format, formats::parse_object(plan_json, "the plan"));
  }

  LlmCompressor(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : FolderFormat(kName, host, plan_json, target) {
    formats::resolve_llm_compressor(asked(), plan());
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    require_quantized(layer);
    check(kName, layer.scheme());
    const Kind kind = formats::kind_of(formats::scheme_of(layer.scheme()));
    switch (kind) {
      case Kind::kPackedInt: return formats::pack_packed_int(host(), layer, sink);
      case Kind::kInt8: return formats::pack_int8(layer, sink);
      case Kind::kNaiveFp8: return formats::pack_fp8_layer({"weight_scale", AR_DTYPE_F32, true}, layer, sink);
      case Kind::kStaticFp8:
      case Kind::kBlockFp8: return formats::pack_fp8_layer({"weight_scale", model_dtype(), true}, layer, sink);
      default: return formats::pack_block_float_layer(layer, sink);
    }
  }

  void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const {
    unpack_layer(formats::scheme_of(layer.scheme()), layer.name(), stored, sink);
  }

  void finish() { write_configs(formats::compressed_config(plan()), ""); }

  static bool owns(const std::string& text) {
    const auto config = formats::parse_object(text, "quantization_config");
    return formats::text_of(config, "quant_method") == "compressed-tensors";
  }

  static void read_layer(const std::string& text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(text, "quantization_config");
    const Scheme scheme = formats::compressed_stored_scheme(config, layer.name());
    formats::write_scheme(sink, scheme);
    unpack_layer(scheme, layer.name(), stored, sink);
  }
};

constexpr const char* kNames[] = {"auto_round:llm_compressor", nullptr};
constexpr const char* kSchemes[] = {"NVFP4",      "MXFP4",     "MXFP8",    "MXFP4_RCEIL", "MXFP8_RCEIL", "FPW8A16",
                                    "FP8_STATIC", "FP8_BLOCK", "INT8",     "W4A16",       "W8A16",       "W2A16",
                                    "W3A16",      "W2A16G64",  "W2A16G32", "BF16",        nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  kName,
                                  kNames,
                                  "compressed-tensors checkpoints: integers, FP8, MXFP and NVFP4 for vLLM",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<LlmCompressor>::kApi};

}  // namespace

AR_PLUGIN(llm_compressor, &kDesc)
