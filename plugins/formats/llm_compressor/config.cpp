#include "config.hpp"

#include <algorithm>

#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "kind.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

bool is_microscaled(Kind k) { return k == Kind::kMxFp4 || k == Kind::kMxFp8 || k == Kind::kNvFp4; }

/// num_bits to strategy of weights or activations; the rest follows.
json::object arguments(int bits, const char* type, json::value group, const char* strategy) {
  return {{"num_bits", bits},
          {"type", type},
          {"symmetric", true},
          {"group_size", std::move(group)},
          {"strategy", strategy}};
}

const char* scale_type(Kind kind) { return kind == Kind::kNvFp4 ? "torch.float8_e4m3fn" : "torch.uint8"; }

json::object weights(Kind kind, const Scheme& s) {
  const char* type = kind == Kind::kPackedInt || kind == Kind::kInt8 ? "int" : "float";
  const bool grouped = s.group_size > 0 && kind != Kind::kBlockFp8;
  const char* strategy = kind == Kind::kBlockFp8 ? "block"
                         : kind == Kind::kNvFp4  ? "tensor_group"
                         : grouped               ? "group"
                         : s.group_size == 0     ? "tensor"
                                                 : "channel";
  json::object o = arguments(s.bits, type, grouped ? json::value(s.group_size) : json::value(), strategy);
  if (kind == Kind::kBlockFp8) o["block_structure"] = json::array{s.group_size_rows, s.group_size};
  o["dynamic"] = false;
  if (is_microscaled(kind)) o["scale_dtype"] = scale_type(kind);
  return o;
}

json::value activations(Kind kind, const Scheme& s) {
  if (!s.quantizes_activations()) return nullptr;
  if (is_microscaled(kind)) {
    json::object o = arguments(s.act_bits, "float", s.act_group_size, kind == Kind::kNvFp4 ? "tensor_group" : "group");
    o["dynamic"] = true;
    if (kind == Kind::kNvFp4) o["dynamic"] = "local";
    o["scale_dtype"] = scale_type(kind);
    if (kind == Kind::kNvFp4) o["observer"] = "static_minmax";
    return o;
  }
  if (kind == Kind::kInt8) {
    json::object o = arguments(8, "int", nullptr, "token");
    o["dynamic"] = true;
    return o;
  }
  const bool block = kind == Kind::kBlockFp8;
  json::object o =
      arguments(8, "float", block ? json::value(s.act_group_size) : json::value(), block ? "group" : "tensor");
  o["dynamic"] = block;
  return o;
}

/// Static FP8 arguments of attention's states.
json::object state_arguments(const PlannedStates& states) {
  json::object o = arguments(8, "float", nullptr, states.heads ? "attn_head" : "tensor");
  o["dynamic"] = false;
  return o;
}

json::value kv_cache_scheme(const json::object& plan) {
  const auto states = planned_states(plan);
  return states ? json::value(state_arguments(*states)) : json::value();
}

/// What is beside the keys that compressed-tensors knows.
void add_attention(const json::object& plan, json::object& config) {
  const auto states = planned_states(plan);
  if (!states || !states->queries) return;
  config["attention_input_activations"] =
      json::object{{"targets", states->types}, {"input_activations", state_arguments(*states)}};
}

json::object group(Kind kind, const Scheme& s, json::array targets) {
  const bool own_format = !is_microscaled(kind) && kind != Kind::kStaticFp8;
  return {{"targets", std::move(targets)},
          {"weights", weights(kind, s)},
          {"input_activations", activations(kind, s)},
          {"output_activations", nullptr},
          {"format", own_format ? json::value(format_text(kind)) : json::value()}};
}

/// One group for every distinct scheme, in order of its first layer; a single one is for all Linear modules.
json::object config_groups(const json::object& plan, Kind kind) {
  std::vector<std::pair<json::object, std::vector<std::string>>> groups;
  std::vector<Scheme> schemes;
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.quantized) continue;
    const json::object key = weights(kind, l.scheme);
    auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == key; });
    if (it == groups.end()) {
      schemes.push_back(l.scheme);
      it = groups.insert(groups.end(), {key, {}});
    }
    it->second.push_back(l.name);
  }
  json::object o;
  if (groups.size() < 2) {
    o["group_0"] = group(kind, schemes.empty() ? planned_scheme(plan) : schemes.front(), {"Linear"});
    return o;
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto& names = groups[i].second;
    std::sort(names.begin(), names.end());
    o["group_" + std::to_string(i)] = group(kind, schemes[i], json::array(names.begin(), names.end()));
  }
  return o;
}

/// Every linear layer left alone; the microscaled kinds name the user's patterns first.
json::array ignored(const json::object& plan, Kind kind) {
  json::array names;
  if (is_microscaled(kind)) {
    const json::object& extra = object_member(plan, "extra_config");
    const Scheme global = planned_scheme(plan);
    for (const std::string& p : planned_patterns(plan)) {
      if (!scheme_of(extra.at(p).as_object(), global, "extra_config '" + p + "'").quantized())
        names.emplace_back("re:" + p);
    }
  }
  for (const json::value& name : copied_linears(plan)) names.push_back(name);
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.quantized) names.emplace_back(l.name);
  }
  return names;
}

}  // namespace

json::object compressed_config(const json::object& plan) {
  const Kind kind = kind_of(planned_scheme(plan));
  if (kind == Kind::kNone) return {};
  json::object config{{"config_groups", config_groups(plan, kind)},
                      {"quant_method", "compressed-tensors"},
                      {"kv_cache_scheme", kv_cache_scheme(plan)},
                      {"format", format_text(kind)},
                      {"quantization_status", "compressed"},
                      {"global_compression_ratio", nullptr},
                      {"ignore", ignored(plan, kind)},
                      {"moe_sparsity_config", nullptr}};
  if (is_microscaled(kind) || kind == Kind::kStaticFp8) config["provider"] = "auto-round";
  add_attention(plan, config);
  return config;
}

}  // namespace ar::formats
