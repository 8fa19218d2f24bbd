#include <algorithm>

#include <boost/json.hpp>

#include "core/engine/plan.hpp"
#include "core/quant/scheme_json.hpp"

namespace ar::engine {
namespace {

namespace json = boost::json;

constexpr const char* kVersion = "0.16.1";  // the upstream release whose files ours equal; its loader parses this

/// Values that steer tuning, where they differ from upstream's defaults, in upstream's order (formats.md 4.2).
void add_tuning_keys(json::object& o, const RunOptions& r) {
  const double default_lr = 1.0 / static_cast<double>(r.iters);
  if (!r.amp) o["amp"] = false;
  if (r.batch_size != 8) o["batch_size"] = r.batch_size;
  if (!r.enable_minmax_tuning) o["enable_minmax_tuning"] = false;
  if (r.enable_norm_bias_tuning) o["enable_norm_bias_tuning"] = true;
  if (!r.enable_quanted_input) o["enable_quanted_input"] = false;
  if (r.gradient_accumulate_steps != 1) o["gradient_accumulate_steps"] = r.gradient_accumulate_steps;
  if (r.iters != 200) o["iters"] = r.iters;
  if (r.lr && *r.lr != default_lr) o["lr"] = *r.lr;
  if (r.low_gpu_mem_usage) o["low_gpu_mem_usage"] = true;
  if (r.minmax_lr && *r.minmax_lr != default_lr) o["minmax_lr"] = *r.minmax_lr;
  if (r.nsamples != 128) o["nsamples"] = r.nsamples;
}

void add_state_keys(json::object& o, const quant::StaticStates& states) {
  const char* granularity = quant::granularity_name(states.granularity);
  if (states.queries()) o["static_attention_dtype"] = states.attention_dtype;
  if (!states.kv_dtype.empty()) o["static_kv_dtype"] = states.kv_dtype;
  if (states.queries()) o["static_attention_granularity"] = granularity;
  if (!states.kv_dtype.empty()) o["static_kv_granularity"] = granularity;
}

json::object quantization_json(const Plan& plan) {
  const quant::Scheme& s = plan.scheme;
  const bool activations = s.act_bits < 16;
  json::object o;
  o["bits"] = s.bits;
  if (activations) o["act_bits"] = s.act_bits;
  o["data_type"] = s.data_type;
  if (activations) o["act_data_type"] = s.act_data_type;
  o["group_size"] = quant::group_size_json(s);
  if (activations) o["act_group_size"] = s.act_group_size;
  o["sym"] = s.sym;
  if (activations) {
    o["act_sym"] = s.act_sym;
    o["act_dynamic"] = s.act_dynamic;
  }
  if (plan.method == Method::kTune) {
    add_tuning_keys(o, plan.options);
  } else {
    o["enable_quanted_input"] = false;
  }
  const auto& scale = plan.options.scheme_override.scale_dtype;
  if (scale && *scale != "float16") o["scale_dtype"] = "torch." + *scale;
  if (plan.method == Method::kTune && plan.options.seqlen != 2048) o["seqlen"] = plan.options.seqlen;
  add_state_keys(o, plan.options.static_states);
  if (s.super_bits) o["super_bits"] = *s.super_bits;
  if (s.super_group_size) o["super_group_size"] = *s.super_group_size;
  return o;
}

/// Scales of attention's states, and the classes of the attentions; empty when the run stores none.
json::object states_json(const Plan& plan) {
  const quant::StaticStates& states = plan.options.static_states;
  if (!states.any()) return {};
  json::array types;
  for (const BlockSpec& block : plan.spec->blocks) {
    for (const AttentionSpec& attention : block.attentions) {
      const json::value type(attention.type);
      if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    }
  }
  return {{"queries", states.queries()},
          {"granularity", quant::granularity_name(states.granularity)},
          {"types", std::move(types)}};
}

json::array layers_json(const Plan& plan) {
  json::array layers;
  for (const PlannedLayer& layer : plan.layers) {
    layers.push_back(json::object{{"name", layer.spec.name},
                                  {"scheme", quant::scheme_json(layer.scheme)},
                                  {"in_features", layer.spec.in},
                                  {"in_block", layer.block >= 0},
                                  {"quantized", layer.quantized},
                                  {"fixed_by_user", layer.fixed_by_user},
                                  {"reason", layer.reason}});
  }
  return layers;
}

json::object matrix_json(const PlannedLayer& layer, bool embedding) {
  return {{"name", layer.spec.name},      {"out_features", layer.spec.out},
          {"in_features", layer.spec.in}, {"scheme", quant::scheme_json(layer.scheme)},
          {"quantized", layer.quantized}, {"fixed_by_user", layer.fixed_by_user},
          {"embedding", embedding}};
}

json::array matrices_json(const Plan& plan) {
  json::array matrices;
  for (const PlannedLayer& layer : plan.embeddings) matrices.push_back(matrix_json(layer, true));
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.block >= 0 || !plan.spec->tied) matrices.push_back(matrix_json(layer, false));
  }
  return matrices;
}

json::object declarations_json(const Plan& plan) {
  json::object all;
  for (const auto& [family, text] : plan.spec->declarations) all[family] = json::parse(text);
  return all;
}

const char* dtype_name(const Plan& plan) {
  switch (plan.weight_dtype) {
    case at::kFloat: return "float32";
    case at::kHalf: return "float16";
    default: return "bfloat16";
  }
}

}  // namespace

std::string plan_json(const Plan& plan, const PlannedOutput& output) {
  json::object o;
  o["format"] = output.format;
  o["scheme"] = quant::scheme_json(plan.scheme);
  o["quantization"] = quantization_json(plan);
  o["version"] = kVersion;
  o["block_names"] = json::value_from(plan.block_names);
  o["layers"] = layers_json(plan);
  o["extra_config"] = plan.resolved.extra_config;
  o["config"] = plan.config.json;
  o["dtype"] = dtype_name(plan);
  const std::filesystem::path model = plan.options.model;
  o["model"] = (std::filesystem::is_regular_file(model) ? model.stem() : model.filename()).string();
  o["source_dir"] = std::filesystem::absolute(plan.side_folder->path()).string();
  o["declarations"] = declarations_json(plan);
  o["matrices"] = matrices_json(plan);
  if (!plan.spec->copied_linears.empty()) o["copied_linears"] = json::value_from(plan.spec->copied_linears);
  if (json::object states = states_json(plan); !states.empty()) o["attention_states"] = std::move(states);
  o["side_files"] = json::array{};
  const auto options = plan.options.format_options.find(output.plugin->desc->id);
  o["options"] =
      options == plan.options.format_options.end() ? json::object{} : json::value_from(options->second).as_object();
  return json::serialize(o);
}

}  // namespace ar::engine
