#include "ar/cpp/format_plugin.hpp"
#include "common/config_json.hpp"

namespace {

using ar::Error;
namespace formats = ar::formats;
namespace json = boost::json;

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

void copy_tensor(const ar_sink& sink, const std::string& name, const ar::TensorView& t) {
  ar::write_tensor(sink, name, t.dtype(), t.shape(), t.bytes(), t.n_bytes());
}

/// The model with quantize-dequantized weights under their ordinary names.
class Fake {
 public:
  static void check(const std::string& format, const ar_scheme& scheme) {
    if (format != "fake") throw Error(AR_UNSUPPORTED, "format '" + format + "': accepted is fake, without a colon");
    if (scheme.bits < 16 && std::string_view(scheme.data_type).rfind("int", 0) != 0) {
      throw Error(AR_UNSUPPORTED, std::string("data_type '") + scheme.data_type +
                                      "' is not in this build of format fake; accepted: int");
    }
    if (scheme.act_bits < 16) {
      throw Error(AR_UNSUPPORTED, "act_bits " + std::to_string(scheme.act_bits) +
                                      ": quantized activations are not in this build of format fake; "
                                      "use a scheme that leaves them alone, such as W4A16");
    }
  }

  static std::string resolve(const std::string& format, const std::string&) { return format; }

  Fake(const ar_host&, const std::string& plan_json, const ar_target& target)
      : target_(&target), plan_(formats::parse_object(plan_json, "the plan")) {
    const json::object& options = formats::object_member(plan_, "options");
    if (options.empty()) return;
    throw Error(AR_INVALID_ARGUMENT, "unknown option '" + std::string(options.begin()->key()) + "': fake takes none");
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    check("fake", layer.scheme());
    const int64_t out = layer.out_features();
    const int64_t in = layer.in_features();
    const ar::TensorView weight = layer.plane("weight");
    weight.require_shape({out, in});
    if (layer.conv1d()) {
      ar::write_tensor(sink, layer.name() + ".weight", weight.dtype(), {in, out}, transposed_bytes(weight, out, in));
    } else {
      copy_tensor(sink, layer.name() + ".weight", weight);
    }
    if (layer.has_bias()) copy_tensor(sink, layer.name() + ".bias", layer.bias());
  }

  void add(const ar::TensorView& tensor) { copy_tensor(*target_->sink, tensor.name(), tensor); }

  void finish() {
    ar::write_file(
        *target_, "config.json",
        formats::config_json(formats::object_member(plan_, "config"), formats::string_member(plan_, "dtype"), {}, ""));
  }

 private:
  const ar_target* target_;
  json::object plan_;
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
