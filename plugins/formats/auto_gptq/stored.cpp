#include "stored.hpp"

#include "common/stored_config.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

bool flag(const json::object& config, const char* key) {
  const json::value* v = config.if_contains(key);
  return v != nullptr && v->is_bool() && v->get_bool();
}

/// Lays the first rule of `dynamic` that finds the layer over the scheme; a rule matches from the start of the name.
Scheme apply_rules(const json::object& dynamic, const std::string& layer, Scheme scheme) {
  for (const auto& pair : dynamic) {
    const std::string key(pair.key());
    const bool negative = key.rfind("-:", 0) == 0;
    const std::string pattern = negative || key.rfind("+:", 0) == 0 ? key.substr(2) : key;
    if (!matches("(?:" + pattern + ").*", layer, "dynamic", true)) continue;
    if (negative)
      scheme.bits = 16;
    else if (const json::object* rule = pair.value().if_object())
      scheme = scheme_of(*rule, scheme, "dynamic '" + key + "'");
    return scheme;
  }
  return scheme;
}

}  // namespace

Scheme gptq_stored_scheme(const json::object& config, const std::string& layer) {
  Scheme defaults;
  defaults.bits = 4;
  defaults.group_size = 128;
  Scheme scheme = scheme_of(config, defaults, "quantization_config");
  if (const auto* dynamic = config.if_contains("dynamic"); dynamic != nullptr && dynamic->is_object())
    scheme = apply_rules(dynamic->get_object(), layer, scheme);
  scheme.data_type = "int";
  const bool width = scheme.bits == 2 || scheme.bits == 3 || scheme.bits == 4 || scheme.bits == 8;
  if (width && scheme.group_size != 0 && scheme.group_size_rows == 0) return scheme;
  throw Error(AR_INVALID_ARGUMENT, "layer '" + layer + "': quantization_config says bits " +
                                       std::to_string(scheme.bits) + ", group_size " +
                                       std::to_string(scheme.group_size) +
                                       "; GPTQ layers have 2, 3, 4 or 8 bits and a group_size other than 0");
}

IntLayout gptq_stored_layout(const json::object& config) {
  const std::string format = text_of(config, "checkpoint_format");
  if (!format.empty() && format != "gptq" && format != "gptq_v2") {
    throw Error(AR_UNSUPPORTED, "checkpoint_format '" + format + "' is not read; accepted: gptq, gptq_v2");
  }
  if (flag(config, "is_marlin_format"))
    throw Error(AR_UNSUPPORTED, "is_marlin_format true: the Marlin layout is not read; accepted: GPTQ");
  return {false, format != "gptq_v2", true};
}

}  // namespace ar::formats
