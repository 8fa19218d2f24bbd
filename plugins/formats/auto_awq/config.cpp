#include "config.hpp"

#include <algorithm>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

/// Every linear layer left alone and what the user typed to leave some alone, sorted.
json::array left_alone(const json::object& plan) {
  std::vector<std::string> names;
  const json::object& extra = object_member(plan, "extra_config");
  const Scheme global = planned_scheme(plan);
  for (const std::string& p : planned_patterns(plan)) {
    const Scheme s = scheme_of(extra.at(p).as_object(), global, "extra_config '" + p + "'");
    if (!s.quantized()) names.push_back(pattern_text(p));
  }
  for (const json::value& name : copied_linears(plan)) names.emplace_back(name.as_string());
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.quantized) names.push_back(l.name);
  }
  std::sort(names.begin(), names.end());
  return json::array(names.begin(), names.end());
}

}  // namespace

json::object awq_config(const json::object& plan) {
  json::object config;
  const Scheme scheme = planned_scheme(plan);
  if (!scheme.quantized()) return config;
  for (const auto& pair : object_member(plan, "quantization")) config[pair.key()] = pair.value();
  config["to_quant_block_names"] = joined_block_names(plan);
  config["autoround_version"] = string_member(plan, "version");
  config["provider"] = "auto-round";
  config["quant_method"] = "awq";
  config["zero_point"] = !scheme.sym;
  config["version"] = "gemm";
  config["modules_to_not_convert"] = left_alone(plan);
  return config;
}

Scheme awq_stored_scheme(const json::object& config) {
  if (const std::string version = text_of(config, "version");
      !version.empty() && version != "gemm" && version != "GEMM")
    throw Error(AR_UNSUPPORTED, "AWQ version '" + version + "' is not read; accepted: gemm");
  Scheme defaults;
  defaults.bits = 4;
  defaults.group_size = 128;
  defaults.sym = false;
  Scheme scheme = scheme_of(config, defaults, "quantization_config");
  if (const auto* zero = config.if_contains("zero_point"); zero != nullptr && zero->is_bool())
    scheme.sym = !zero->get_bool();
  // AutoAWQ spells these w_bit and q_group_size.
  if (const auto* bits = config.if_contains("w_bit"); bits != nullptr && bits->is_int64())
    scheme = scheme_of({{"bits", *bits}}, scheme, "quantization_config");
  if (const auto* group = config.if_contains("q_group_size"); group != nullptr && group->is_int64())
    scheme = scheme_of({{"group_size", *group}}, scheme, "quantization_config");
  scheme.data_type = "int";
  if (scheme.bits == 4 && scheme.group_size != 0 && scheme.group_size_rows == 0) return scheme;
  throw Error(AR_INVALID_ARGUMENT, "quantization_config says bits " + std::to_string(scheme.bits) + ", group_size " +
                                       std::to_string(scheme.group_size) +
                                       "; AWQ layers have 4 bits and a group_size other than 0");
}

}  // namespace ar::formats
