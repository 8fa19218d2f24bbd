#include "config.hpp"

#include <regex>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string joined(const json::array& names) {
  std::string text;
  for (const json::value& name : names) text += (text.empty() ? "" : ",") + std::string(name.as_string());
  return text;
}

/// Lays the entry's bits, group_size and sym over the layout.
void apply_entry(const json::object& entry, IntLayout& layout) {
  if (const auto* v = entry.if_contains("bits"); v != nullptr && v->is_int64())
    layout.bits = static_cast<int>(v->get_int64());
  if (const auto* v = entry.if_contains("group_size"); v != nullptr && v->is_int64())
    layout.group_size = v->get_int64();
  if (const auto* v = entry.if_contains("sym"); v != nullptr && v->is_bool()) layout.sym = v->get_bool();
}

bool matches(const std::string& pattern, const std::string& layer) {
  try {
    return std::regex_search(layer, std::regex(pattern));
  } catch (const std::regex_error&) {
    throw Error(AR_INVALID_ARGUMENT, "extra_config: '" + pattern + "' is not a regular expression");
  }
}

const json::object* extra_entry(const json::object& extra, const std::string& layer) {
  if (const auto* entry = extra.if_contains(layer)) return entry->if_object();
  for (const auto& pair : extra) {
    if (matches(std::string(pair.key()), layer)) return pair.value().if_object();
  }
  return nullptr;
}

}  // namespace

json::object quantization_config(const json::object& plan, Packing packing) {
  json::object config;
  const json::object& run = object_member(plan, "quantization");
  if (const auto* bits = run.if_contains("bits"); bits != nullptr && bits->is_int64() && bits->get_int64() >= 16)
    return config;
  for (const auto& pair : run) config[pair.key()] = pair.value();
  config["autoround_version"] = string_member(plan, "version");
  config["block_name_to_quantize"] = joined(array_member(plan, "block_names"));
  config["quant_method"] = "auto-round";
  config["packing_format"] = packing_name(packing);
  if (const auto* extra = plan.if_contains("extra_config");
      extra != nullptr && extra->is_object() && !extra->get_object().empty()) {
    config["extra_config"] = extra->get_object();
  }
  return config;
}

const char* announced_dtype(Packing packing) { return packing == Packing::kAwq ? "float16" : ""; }

bool owns_config(const json::object& config) {
  if (text_of(config, "quant_method") != "auto-round" || !packing_of(text_of(config, "packing_format"))) return false;
  const std::string data_type = text_of(config, "data_type");
  const json::value* act_bits = config.if_contains("act_bits");
  const bool weights_only = act_bits == nullptr || !act_bits->is_int64() || act_bits->get_int64() >= 16;
  return weights_only && (data_type.empty() || data_type.rfind("int", 0) == 0);
}

Packing stored_packing(const json::object& config) {
  const std::string name = text_of(config, "packing_format");
  if (const auto packing = packing_of(name)) return *packing;
  throw Error(AR_UNSUPPORTED, "packing_format '" + name + "' is not one of the integer layouts this plugin reads");
}

IntLayout stored_layout(const json::object& config, const std::string& layer) {
  IntLayout layout;
  apply_entry(config, layout);
  if (const auto* extra = config.if_contains("extra_config"); extra != nullptr && extra->is_object()) {
    if (const json::object* entry = extra_entry(extra->get_object(), layer)) apply_entry(*entry, layout);
  }
  if ((layout.bits != 2 && layout.bits != 3 && layout.bits != 4 && layout.bits != 8) || layout.group_size == 0) {
    throw Error(AR_INVALID_ARGUMENT,
                "layer '" + layer + "': quantization_config says bits " + std::to_string(layout.bits) +
                    ", group_size " + std::to_string(layout.group_size) +
                    "; stored integer layers have 2, 3, 4 or 8 bits and a group_size other than 0");
  }
  return layout;
}

}  // namespace ar::formats
