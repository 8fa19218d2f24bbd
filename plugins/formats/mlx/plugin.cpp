#include <set>

#include "common/config_json.hpp"
#include "common/folder_format.hpp"
#include "common/plan.hpp"
#include "common/stored_tensor.hpp"
#include "config.hpp"
#include "layers.hpp"

namespace {

namespace formats = ar::formats;
using ar::Error;
using formats::Family;
using formats::Scheme;

constexpr const char* kName = "mlx";
constexpr const char* kLongName = "auto_round:mlx";
constexpr std::string_view kWeight = ".weight";

/// What mlx-lm would take for a quantized module: a linear layer or an embedding of suitable shape.
bool looks_quantizable(const ar::TensorView& t, int64_t group) {
  return t.ndim() == 2 && group > 0 && t.size(1) % group == 0 && t.size(0) % 64 == 0;
}

/// The width of codes follows from the shapes, whatever the config forgot to say.
void infer_scheme(Scheme& scheme, const ar::LayerView& layer, const ar::TensorList& stored) {
  const int64_t in = layer.in_features();
  if (in < 1) return;
  const int64_t words = formats::dimension(stored.at(layer.name() + ".weight"), 1);
  const int64_t groups = formats::dimension(stored.at(layer.name() + ".scales"), 1);
  if (words * 32 % in != 0 || in % groups != 0) return;
  Scheme found = scheme;
  found.bits = static_cast<int>(words * 32 / in);
  found.group_size = in / groups;
  formats::check_mlx_scheme(found);
  scheme = found;
}

class Mlx : public formats::FolderFormat {
 public:
  static void check(const std::string& format, const ar_scheme& raw) {
    if (format != kName && format != kLongName)
      throw Error(AR_UNSUPPORTED, "format '" + format + "': accepted are mlx and auto_round:mlx");
    const Scheme scheme = formats::scheme_of(raw);
    if (formats::storable_family(format, scheme) != Family::kNone) formats::check_mlx_scheme(scheme);
  }

  static std::string resolve(const std::string& format, const std::string& plan_json) {
    const auto plan = formats::parse_object(plan_json, "the plan");
    formats::refuse_mixed_families(plan, kName);
    formats::refuse_quantized_head(plan, kName);
    formats::refuse_states(plan, kName);
    return format;
  }

  Mlx(const ar_host& host, const std::string& plan_json, const ar_target& target)
      : FolderFormat(kName, host, plan_json, target), scheme_(formats::planned_scheme(plan())) {
    resolve(asked(), plan_json);
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    require_quantized(layer);
    check(kName, layer.scheme());
    formats::pack_mlx(layer, sink);
  }

  void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const {
    formats::unpack_mlx(formats::scheme_of(layer.scheme()), layer.name(), stored, sink);
  }

  void add(const ar::TensorView& tensor) {
    FolderFormat::add(tensor);
    const std::string_view name = tensor.name();
    const bool weight = name.size() > kWeight.size() && name.substr(name.size() - kWeight.size()) == kWeight;
    if (weight && looks_quantizable(tensor, scheme_.group_size))
      left_alone_.emplace(name.substr(0, name.size() - kWeight.size()));
  }

  void finish() {
    auto config = formats::mlx_model_config(formats::object_member(plan(), "config"));
    boost::json::object reader;
    if (scheme_.quantized()) {
      const auto quantization = formats::mlx_quantization(plan(), left_alone_);
      config["quantization"] = quantization;
      reader = asked() == kLongName ? formats::auto_round_mlx_config(plan()) : quantization;
    }
    write_file("config.json", formats::config_json(config, formats::string_member(plan(), "dtype"), reader, ""));
  }

  static bool owns(const std::string& config) {
    return formats::owns_mlx_config(formats::parse_object(config, "quantization_config"));
  }

  static void read_layer(const std::string& config_text, const ar::LayerView& layer, const ar::TensorList& stored,
                         const ar_sink& sink) {
    const auto config = formats::parse_object(config_text, "quantization_config");
    Scheme scheme = formats::mlx_stored_scheme(config, layer.name());
    infer_scheme(scheme, layer, stored);
    scheme = formats::mlx_found_scheme(scheme, layer.name(), stored);
    formats::write_scheme(sink, scheme);
    formats::unpack_mlx(scheme, layer.name(), stored, sink);
  }

 private:
  Scheme scheme_;
  std::set<std::string> left_alone_;
};

constexpr const char* kNames[] = {kLongName, nullptr};
constexpr const char* kSchemes[] = {"W4A16", "W2A16", "W3A16", "W8A16", "W2A16G64", "W2A16G32", "BF16", nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  kName,
                                  kNames,
                                  "MLX checkpoints for Apple silicon (mlx-lm)",
                                  "1.0.0",
                                  "",
                                  kSchemes,
                                  &ar::FormatPlugin<Mlx>::kApi};

}  // namespace

AR_PLUGIN(mlx, &kDesc)
