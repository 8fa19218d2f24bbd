#include "config.hpp"

#include <algorithm>
#include <set>

#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

json::object three_keys(const Scheme& s) { return {{"bits", s.bits}, {"group_size", s.group_size}, {"sym", s.sym}}; }

/// "+:" overrides what a pattern finds, "-:" leaves it alone.
void add_rule(json::object& dynamic, const std::string& pattern, const Scheme& s) {
  if (s.quantized())
    dynamic["+:" + pattern] = three_keys(s);
  else
    dynamic["-:" + pattern] = json::object();
}

bool differs(const PlannedLayer& l, const Scheme& global) {
  return !l.quantized || three_keys(l.scheme) != three_keys(global);
}

/// Layers in upstream's order: those with an entry of their own first.
std::vector<PlannedLayer> exceptions_first(const json::object& plan) {
  const json::object& extra = object_member(plan, "extra_config");
  auto layers = planned_layers(plan);
  const auto place = [&](const PlannedLayer& l) { return std::distance(extra.begin(), extra.find(l.name)); };
  std::stable_sort(layers.begin(), layers.end(),
                   [&](const PlannedLayer& a, const PlannedLayer& b) { return place(a) < place(b); });
  return layers;
}

/// The user's patterns, then the layers that differ and that no pattern finds.
json::object dynamic_rules(const json::object& plan) {
  const Scheme global = planned_scheme(plan);
  const auto patterns = planned_patterns(plan);
  const json::object& extra = object_member(plan, "extra_config");
  json::object dynamic;
  for (const std::string& p : patterns)
    add_rule(dynamic, p, scheme_of(extra.at(p).as_object(), global, "extra_config '" + p + "'"));
  for (PlannedLayer& l : exceptions_first(plan)) {
    const bool found = std::any_of(patterns.begin(), patterns.end(),
                                   [&](const std::string& p) { return matches(p, l.name, "extra_config"); });
    if (!l.in_block || found || !differs(l, global)) continue;
    if (!l.quantized) l.scheme.bits = 16;
    add_rule(dynamic, name_pattern(l.name), l.scheme);
  }
  return dynamic;
}

/// The layer's name within its block: what follows the block's number.
std::string name_in_block(const std::string& name) {
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', begin)) {
    const std::string part = name.substr(begin, dot - begin);
    begin = dot + 1;
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string::npos) return name.substr(begin);
  }
  return name;
}

/// Names quantized in some block, where any layer of a block is left alone; else empty.
json::array modules_in_block(const json::object& plan) {
  std::set<std::string> quantized;
  bool all = true;
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.in_block) continue;
    all = all && l.quantized;
    if (l.quantized) quantized.insert(name_in_block(l.name));
  }
  json::array names;
  if (all) return names;
  for (const std::string& name : quantized) names.emplace_back(name);
  return names;
}

}  // namespace

json::object gptq_config(const json::object& plan) {
  json::object config;
  if (!planned_scheme(plan).quantized()) return config;
  for (const auto& pair : object_member(plan, "quantization")) config[pair.key()] = pair.value();
  config["autoround_version"] = string_member(plan, "version");
  if (json::object dynamic = dynamic_rules(plan); !dynamic.empty()) config["dynamic"] = std::move(dynamic);
  config["lm_head"] = false;
  config["provider"] = "auto-round";
  config["quant_method"] = "gptq";
  config["desc_act"] = false;
  config["true_sequential"] = false;
  config["damp_percent"] = 0.01;
  if (json::array names = modules_in_block(plan); !names.empty())
    config["modules_in_block_to_quantize"] = json::array{std::move(names)};
  return config;
}

}  // namespace ar::formats
