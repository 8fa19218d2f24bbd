#include "common/plan.hpp"

#include <algorithm>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

bool flag(const json::object& object, const char* key, bool fallback) {
  const json::value* v = object.if_contains(key);
  return v != nullptr && v->is_bool() ? v->get_bool() : fallback;
}

}  // namespace

Scheme planned_scheme(const json::object& plan) { return scheme_of(object_member(plan, "scheme"), {}, "the scheme"); }

std::vector<PlannedLayer> planned_layers(const json::object& plan) {
  const Scheme base = planned_scheme(plan);
  std::vector<PlannedLayer> layers;
  for (const json::value& item : array_member(plan, "layers")) {
    const json::object& layer = item.as_object();
    PlannedLayer l;
    l.name = std::string(string_member(layer, "name"));
    l.scheme = scheme_of(object_member(layer, "scheme"), base, "layer '" + l.name + "'");
    l.in_block = flag(layer, "in_block", true);
    l.quantized = flag(layer, "quantized", false) && l.scheme.quantized();
    const json::value* in = layer.if_contains("in_features");
    if (in != nullptr && in->is_int64()) l.in_features = in->get_int64();
    layers.push_back(std::move(l));
  }
  return layers;
}

std::vector<std::string> planned_patterns(const json::object& plan) {
  std::vector<std::string> patterns;
  const auto layers = planned_layers(plan);
  for (const auto& pair : object_member(plan, "extra_config")) {
    const std::string key(pair.key());
    const bool layer = std::any_of(layers.begin(), layers.end(), [&](const PlannedLayer& l) { return l.name == key; });
    if (!layer) patterns.push_back(key);
  }
  return patterns;
}

json::object complete_extra_config(const json::object& plan) {
  constexpr const char* kKeys[] = {
      "bits",    "group_size",    "sym",         "data_type",  "act_bits",         "act_group_size",
      "act_sym", "act_data_type", "act_dynamic", "super_bits", "super_group_size", "rotation_config"};
  json::object extra = object_member(plan, "extra_config");
  const json::object& global = object_member(plan, "scheme");
  for (const std::string& pattern : planned_patterns(plan)) {
    json::object& entry = extra.at(pattern).as_object();
    json::object complete;
    for (const char* key : kKeys) {
      const json::value* value = entry.if_contains(key);
      if (value == nullptr) value = global.if_contains(key);
      complete[key] = value != nullptr ? *value : json::value();
    }
    entry = std::move(complete);
  }
  return extra;
}

std::string pattern_text(std::string pattern) {
  const std::string any = ".*";
  if (pattern.rfind(any, 0) == 0) pattern.erase(0, any.size());
  if (pattern.size() >= any.size() && pattern.compare(pattern.size() - any.size(), any.size(), any) == 0)
    pattern.resize(pattern.size() - any.size());
  std::string text;
  for (const char c : pattern) {
    if (c != '\\') text += c;
  }
  return text;
}

std::string name_pattern(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '.' || c == '-') escaped += '\\';
    escaped += c;
  }
  return ".*" + escaped + ".*";
}

const PlannedLayer* first_awq_misfit(const std::vector<PlannedLayer>& layers) {
  const auto misfit = [](const PlannedLayer& l) {
    const Scheme& s = l.scheme;
    return l.quantized && (s.bits != 4 || l.in_features % s.group(l.in_features == 0 ? 1 : l.in_features) != 0);
  };
  const auto it = std::find_if(layers.begin(), layers.end(), misfit);
  return it == layers.end() ? nullptr : &*it;
}

json::array ignored_in_blocks(const json::object& plan) {
  json::array names;
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (l.in_block && !l.quantized) names.emplace_back(l.name);
  }
  return names;
}

json::array copied_linears(const json::object& plan) {
  return plan.contains("copied_linears") ? array_member(plan, "copied_linears") : json::array();
}

std::string joined_block_names(const json::object& plan) {
  std::string text;
  for (const json::value& name : array_member(plan, "block_names"))
    text += (text.empty() ? "" : ",") + std::string(name.as_string());
  return text;
}

std::optional<PlannedStates> planned_states(const json::object& plan) {
  if (!plan.contains("attention_states")) return std::nullopt;
  const json::object& states = object_member(plan, "attention_states");
  return PlannedStates{flag(states, "queries", false), string_member(states, "granularity") == "head",
                       array_member(states, "types")};
}

void refuse_states(const json::object& plan, const std::string& format) {
  if (!planned_states(plan)) return;
  throw Error(AR_UNSUPPORTED,
              "FP8 scales of keys and values (--static_kv_dtype, --static_attention_dtype): nothing that reads " +
                  format + " knows them; use --format llm_compressor or auto_round");
}

void refuse_quantized_head(const json::object& plan, const std::string& format) {
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (l.in_block || !l.quantized) continue;
    throw Error(AR_UNSUPPORTED, "layer '" + l.name + "' is quantized, which " + format +
                                    " has no place for: drop --quant_lm_head, or use --format auto_round");
  }
}

void refuse_mixed_families(const json::object& plan, const std::string& format) {
  const Scheme global = planned_scheme(plan);
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.quantized || family(l.scheme) == family(global)) continue;
    if (!global.quantized()) {
      throw Error(AR_UNSUPPORTED, "layer '" + l.name +
                                      "' is quantized, the model's scheme leaves weights alone: give "
                                      "the layer's scheme as --scheme and leave the others alone");
    }
    throw Error(AR_UNSUPPORTED, "layer '" + l.name + "' has data_type '" + l.scheme.data_type + "', the model '" +
                                    global.data_type + "': " + format + " stores one kind of numbers a checkpoint");
  }
}

}  // namespace ar::formats
