#include "config.hpp"

#include "common/config_json.hpp"
#include "common/plan.hpp"

namespace ar::formats {

namespace json = boost::json;

json::object quantization_config(const json::object& plan, const Backend& backend) {
  json::object config;
  const Scheme scheme = planned_scheme(plan);
  if (!scheme.quantized()) return config;
  for (const auto& pair : object_member(plan, "quantization")) config[pair.key()] = pair.value();
  const bool fp = backend.family == Family::kFp;
  const bool block = fp && scheme.group_size_rows > 0;
  config["autoround_version"] = string_member(plan, "version");
  if (block) {  // keys by which the fp8 readers of transformers and vLLM find their way
    config["weight_block_size"] = json::array{scheme.group_size_rows, scheme.group_size};
    if (json::array names = ignored_in_blocks(plan); !names.empty()) config["ignored_layers"] = std::move(names);
  }
  config["block_name_to_quantize"] = joined_block_names(plan);
  config["quant_method"] = "auto-round";
  if (!fp || scheme.quantizes_activations()) config["packing_format"] = backend.packing_format;
  if (fp) {
    config["fmt"] = scheme.data_type.find("e5m2") != std::string::npos ? "e5m2" : "e4m3";
    config["activation_scheme"] = scheme.act_dynamic ? "dynamic" : "static";
  }
  const json::object extra = fp ? complete_extra_config(plan) : object_member(plan, "extra_config");
  if (!extra.empty()) config["extra_config"] = extra;
  return config;
}

const char* announced_dtype(const json::object& plan, const Backend& backend) {
  if (backend.integers.awq) return "float16";
  return backend.family == Family::kFp && planned_scheme(plan).quantizes_activations() ? "bfloat16" : "";
}

}  // namespace ar::formats
