#include "config.hpp"

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"
#include "common/plan.hpp"
#include "common/stored_config.hpp"

namespace ar::formats {

namespace json = boost::json;

json::object fp8_config(const json::object& plan) {
  json::object config;
  const Scheme scheme = planned_scheme(plan);
  if (!scheme.quantized()) return config;
  for (const auto& pair : object_member(plan, "quantization")) config[pair.key()] = pair.value();
  config["autoround_version"] = string_member(plan, "version");
  config["weight_block_size"] = json::array{scheme.group_size_rows, scheme.group_size};
  if (json::array names = ignored_in_blocks(plan); !names.empty()) config["ignored_layers"] = std::move(names);
  if (json::array names = copied_linears(plan); !names.empty()) {
    names.emplace_back("lm_head");
    config["modules_to_not_convert"] = std::move(names);
  }
  config["block_name_to_quantize"] = joined_block_names(plan);
  config["quant_method"] = "fp8";
  config["fmt"] = "e4m3";
  config["activation_scheme"] = "dynamic";
  if (json::object extra = complete_extra_config(plan); !extra.empty()) config["extra_config"] = std::move(extra);
  return config;
}

Scheme fp8_stored_scheme(const json::object& config) {
  Scheme s;
  s.bits = 8;
  s.data_type = "fp";
  s.group_size = 0;
  s.act_bits = 8;
  s.act_data_type = "fp";
  const std::string activations = text_of(config, "activation_scheme");
  if (!activations.empty() && activations != "dynamic" && activations != "static")
    throw Error(AR_UNSUPPORTED, "activation_scheme '" + activations + "' is not read; accepted: dynamic, static");
  s.act_dynamic = activations != "static";
  if (const std::string fmt = text_of(config, "fmt"); !fmt.empty() && fmt != "e4m3" && fmt != "float8_e4m3fn")
    throw Error(AR_UNSUPPORTED, "fmt '" + fmt + "' is not read; accepted: e4m3");
  const json::value* block = config.if_contains("weight_block_size");
  if (block == nullptr || block->is_null()) return s;  // one scale a tensor
  s = scheme_of({{"group_size", *block}}, s, "weight_block_size");
  if (s.group_size_rows == 0)
    throw Error(AR_INVALID_ARGUMENT, "weight_block_size " + std::to_string(s.group_size) + ": must be [rows, columns]");
  s.act_group_size = s.group_size;
  return s;
}

}  // namespace ar::formats
