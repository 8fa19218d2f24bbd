#include "config.hpp"

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"
#include "layers.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

json::object two_keys(const Scheme& s) { return {{"group_size", s.group_size}, {"bits", s.bits}}; }

void flatten_rope(json::object& config) {
  if (const json::value* v = config.if_contains("rope_parameters"); v != nullptr && v->is_object()) {
    const json::object rope = v->get_object();
    config.erase("rope_parameters");
    for (const auto& pair : rope) {
      if (!config.contains(pair.key())) config[pair.key()] = pair.value();
    }
    const std::string type = text_of(rope, "rope_type");
    if (!type.empty() && type != "default" && !config.contains("rope_scaling")) config["rope_scaling"] = rope;
  }
  for (auto& pair : config) {
    if (pair.key() != "rope_scaling" && pair.value().is_object()) flatten_rope(pair.value().get_object());
  }
}

}  // namespace

json::object mlx_quantization(const json::object& plan, const std::set<std::string>& left_alone) {
  json::object o = two_keys(planned_scheme(plan));
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (l.quantized) o[l.name] = two_keys(l.scheme);
  }
  for (const std::string& name : left_alone) o[name] = false;
  return o;
}

json::object auto_round_mlx_config(const json::object& plan) {
  const Scheme s = planned_scheme(plan);
  return {{"quant_method", "auto-round"},
          {"packing_format", "mlx"},
          {"bits", s.bits},
          {"group_size", s.group_size},
          {"sym", s.sym},
          {"data_type", s.data_type}};
}

json::object mlx_model_config(json::object config) {
  flatten_rope(config);
  return config;
}

bool owns_mlx_config(const json::object& config) {
  if (text_of(config, "quant_method") == "auto-round") return text_of(config, "packing_format") == "mlx";
  return !config.contains("quant_method") && config.contains("bits") && config.contains("group_size");
}

Scheme mlx_stored_scheme(const json::object& config, const std::string& layer) {
  if (const std::string mode = text_of(config, "mode"); !mode.empty() && mode != "affine")
    throw Error(AR_UNSUPPORTED, "MLX mode '" + mode + "' is not read; accepted: affine");
  Scheme s = scheme_of(config, {}, "quantization_config");
  if (const json::value* entry = config.if_contains(layer); entry != nullptr && entry->is_object())
    s = scheme_of(entry->get_object(), s, "quantization of layer '" + layer + "'");
  s.data_type = "int";
  check_mlx_scheme(s);
  return s;
}

}  // namespace ar::formats
