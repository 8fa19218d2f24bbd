#include "core/engine/plan.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/convert.hpp"
#include "core/engine/device_client.hpp"
#include "core/engine/input_model.hpp"
#include "core/engine/plan_outputs.hpp"
#include "core/engine/plan_states.hpp"
#include "core/engine/stored_states.hpp"
#include "core/model/pattern.hpp"
#include "core/quant/activation.hpp"
#include "core/quant/data_type.hpp"
#include "core/tensor/matmul.hpp"

namespace ar::engine {
namespace {

at::ScalarType torch_dtype(const std::string& safetensors) {
  if (safetensors == "F32" || safetensors == "F64") return at::kFloat;
  if (safetensors == "F16") return at::kHalf;
  return at::kBFloat16;
}

/// Refuses what no data type of the program does.
void check_supported(const quant::Scheme& s, const std::string& where) {
  if (s.bits >= 16 && s.act_bits >= 16) return;
  if (s.bits >= 16) {
    base::refuse("{}: activations of {} bits with weights left at {} are not supported; quantize the weights too", where,
                 s.act_bits, s.bits);
  }
  if (quant::find_data_type(s) == nullptr) {
    base::refuse("{}: weights of {} bits in data type {} ({}) are not supported; `auto-round list schemes` shows what is",
                 where, s.bits, s.data_type, s.sym ? "sym" : "asym");
  }
  if (s.act_bits < 16 && !quant::is_activation_type(s)) {
    base::refuse("{}: activations of {} bits in data type {} are not supported; `auto-round list schemes` shows what is",
                 where, s.act_bits, s.act_data_type);
  }
}

Method choose_method(const RunOptions& options, const quant::Scheme& s) {
  if (options.convert) return Method::kConvert;
  if (options.iters > 0) return Method::kTune;
  // Unset means on, except where eight bits leave nothing to gain (algorithm.md 8.2).
  const bool disabled = options.disable_opt_rtn.value_or(s.bits >= 8);
  return disabled ? Method::kRtn : Method::kOptRtn;
}

/// Weights are quantized in bfloat16, as upstream casts every model, unless mixed precision is off.
void choose_dtypes(Plan& plan) {
  at::ScalarType stored = torch_dtype(plan.source->info(plan.spec->embed.front().tensor).dtype);
  if (const auto& name = plan.options.model_dtype) {
    stored = *name == "float32" ? at::kFloat : *name == "float16" ? at::kHalf : at::kBFloat16;
    plan.model_dtype = stored;
    plan.cast_unquantized = true;
  }
  plan.weight_dtype = plan.options.amp ? at::kBFloat16 : at::kFloat;
  plan.cast_unquantized = plan.cast_unquantized || stored != plan.weight_dtype;
  plan.compute = plan.options.amp ? tensor::fast_matmul_dtype() : at::kFloat;
  if (!plan.options.convert) return;
  plan.weight_dtype = stored;
  plan.cast_unquantized = false;
}

/// Indices of the blocks to quantize.
std::set<int64_t> choose_blocks(const Plan& plan) {
  std::set<int64_t> chosen;
  const auto& blocks = plan.spec->blocks;
  const auto& patterns = plan.options.to_quant_block_names;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const bool hit = patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) {
                       return model::Pattern(p, "--to_quant_block_names").found_in(blocks[i].name);
                     });
    if (hit) chosen.insert(static_cast<int64_t>(i));
  }
  if (chosen.empty()) {
    base::refuse("--to_quant_block_names {}: no block has such a name; blocks are {} to {}; check the names or leave it unset",
                 fmt::join(patterns, ","), blocks.front().name, blocks.back().name);
  }
  return chosen;
}

/// Path components that all names share at the same place; one block keeps its whole name (formats.md 4.2).
std::string common_prefix(const std::vector<std::string>& names) {
  std::string prefix = names.front();
  for (const std::string& name : names) {
    while (name != prefix && name.compare(0, prefix.size() + 1, prefix + ".") != 0) {
      const auto dot = prefix.rfind('.');
      if (dot == std::string::npos) return "";
      prefix.resize(dot);
    }
  }
  return prefix;
}

/// Under both spellings where transformers' modules and checkpoints differ.
std::vector<std::string> block_names(const ModelSpec& spec, const std::string& prefix) {
  if (spec.block_module.empty()) return {prefix};
  return {spec.block_module + prefix.substr(std::min(prefix.size(), spec.block_prefix.size())), prefix};
}

void plan_layers(Plan& plan, const std::set<int64_t>& chosen) {
  std::vector<model::LinearInfo> candidates;
  const ModelSpec& spec = *plan.spec;
  for (std::size_t b = 0; b < spec.blocks.size(); ++b) {
    for (const LinearSpec& linear : spec.blocks[b].linears) {
      plan.layers.push_back({linear, static_cast<int64_t>(b), {}, "float16", false, false, "", false});
      candidates.push_back({linear.name, linear.out, linear.in, chosen.count(static_cast<int64_t>(b)) != 0, false});
    }
  }
  for (const LinearSpec& linear : spec.head) {
    plan.layers.push_back({linear, -1, {}, "float16", false, false, "", false});
    candidates.push_back({linear.name, linear.out, linear.in, false, true});
  }
  model::LayerRequest request;
  request.recipe = quant::recipe(plan.options.scheme);
  request.layer_config = plan.options.layer_config;
  request.ignore_layers = plan.options.ignore_layers;
  std::vector<std::string> names;
  for (const auto& c : candidates) names.push_back(c.name);
  request.predefined_ignore = model::predefined_ignore_layers(plan.config, names);
  request.quant_lm_head = plan.options.quant_lm_head;
  request.tied = spec.tied;
  for (const ParameterSpec& p : spec.embed) request.other_modules.push_back(p.tensor.substr(0, p.tensor.rfind('.')));
  for (const std::string& name : plan.leftover) {
    if (name.size() > 7 && name.compare(name.size() - 7, 7, ".weight") == 0) {
      request.checkpoint_layers.push_back(name.substr(0, name.size() - 7));
    }
  }
  plan.resolved = model::resolve_layers(candidates, plan.scheme, request);
  for (const std::string& line : plan.resolved.infos) base::info("{}", line);
  for (const std::string& line : plan.resolved.warnings) base::warning("{}", line);
  const std::string scale_dtype = plan.options.scheme_override.scale_dtype.value_or("float16");
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    PlannedLayer& layer = plan.layers[i];
    const model::LayerChoice& choice = plan.resolved.layers[i];
    layer.scheme = choice.scheme;
    layer.scale_dtype = choice.scale_dtype.value_or(scale_dtype);
    layer.fixed_by_user = choice.fixed_by_user;
    layer.reason = choice.reason;
    layer.quantized = choice.quantized;
    if (layer.quantized && layer.block >= 0 && chosen.count(layer.block) == 0) {
      layer.quantized = false;
      layer.reason = "block not chosen";
    }
    const auto& keep16 = spec.keep16;
    if (layer.quantized && std::find(keep16.begin(), keep16.end(), layer.spec.name) != keep16.end()) {
      layer.quantized = false;
      layer.reason = "kept at 16 bit for this model";
    }
  }
}

/// Embeddings as matrices; they stay as they are unless a format chooses a type for them.
void plan_embeddings(Plan& plan) {
  for (const ParameterSpec& p : plan.spec->embed) {
    const std::vector<int64_t> shape = plan.source->info(p.tensor).shape;
    const std::string& name = p.export_name.empty() ? p.tensor : p.export_name;
    const auto dot = name.rfind(".weight");
    if (shape.size() != 2 || dot == std::string::npos) continue;
    PlannedLayer layer;
    layer.spec.name = name.substr(0, dot);
    layer.spec.weight = p.tensor;
    layer.spec.out = shape[0];
    layer.spec.in = shape[1];
    layer.scheme = plan.scheme;
    plan.embeddings.push_back(std::move(layer));
  }
}

void find_leftover(Plan& plan) {
  std::set<std::string> used(plan.spec->dropped.begin(), plan.spec->dropped.end());
  const auto use = [&](const LinearSpec& linear) {
    used.insert(linear.weight);
    if (!linear.bias.empty()) used.insert(linear.bias);
    if (plan.source->layers() == nullptr) return;
    for (const std::string& part : plan.source->layers()->parts(linear)) used.insert(part);
  };
  const auto use_all = [&](const std::vector<ParameterSpec>& list) {
    for (const ParameterSpec& p : list) used.insert(p.tensor);
  };
  use_all(plan.spec->embed);
  use_all(plan.spec->head_parameters);
  for (const LinearSpec& linear : plan.spec->head) use(linear);
  for (const BlockSpec& block : plan.spec->blocks) {
    use_all(block.parameters);
    for (const LinearSpec& linear : block.linears) use(linear);
  }
  for (const std::string& name : state_tensors(*plan.source, *plan.spec)) used.insert(name);
  for (const std::string& name : plan.source->names_in_order()) {
    if (used.count(name) == 0) plan.leftover.push_back(name);
  }
}

/// Numbers that a model or another number bounds (cli.md 3.1, 3.3).
void clamp_options(Plan& plan) {
  RunOptions& o = plan.options;
  const int64_t limit = plan.config.max_position_embeddings.value_or(plan.spec->max_positions);
  if (limit > 0 && o.seqlen > limit) {
    base::warning("--seqlen {} is above the model's max_position_embeddings: clamped to {}", o.seqlen, limit);
    o.seqlen = limit;
  }
  if (o.batch_size > o.nsamples) {
    if (plan.needs_data()) base::warning("--batch_size {} is above --nsamples: reduced to {}", o.batch_size, o.nsamples);
    o.batch_size = o.nsamples;
  }
  if (o.gradient_accumulate_steps * o.batch_size > o.nsamples) {
    const int64_t steps = std::max<int64_t>(1, o.nsamples / o.batch_size);
    base::warning("--gradient_accumulate_steps {} x {} samples is above --nsamples {}: reduced to {}",
                  o.gradient_accumulate_steps, o.batch_size, o.nsamples, steps);
    o.gradient_accumulate_steps = steps;
  }
}

void plan_units(Plan& plan) {
  const auto n = static_cast<int64_t>(plan.spec->blocks.size());
  const int64_t together = plan.method == Method::kTune ? plan.options.nblocks : 1;
  for (int64_t i = 0; i < n; i += together) {
    plan.units.emplace_back();
    for (int64_t b = i; b < std::min(n, i + together); ++b) plan.units.back().push_back(b);
  }
}

void check_layers(const Plan& plan) {
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.quantized) check_supported(layer.scheme, layer.spec.name);
  }
}

}  // namespace

bool Plan::needs_data() const {
  if (calibrates_states()) return true;
  if (n_quantized() == 0 || method == Method::kConvert) return false;
  if (method == Method::kTune || (method == Method::kOptRtn && options.dataset_given)) return true;
  return std::any_of(layers.begin(), layers.end(), [](const PlannedLayer& layer) {
    return layer.quantized && quant::calibrated(layer.scheme);
  });
}

int64_t Plan::n_quantized() const {
  return std::count_if(layers.begin(), layers.end(), [](const PlannedLayer& l) { return l.quantized; });
}

uint64_t Plan::memory_estimate() const {
  uint64_t widest = 0;  // weights of the largest unit
  for (const auto& unit : units) {
    uint64_t elements = 0;
    for (const PlannedLayer& layer : layers) {
      if (std::find(unit.begin(), unit.end(), layer.block) != unit.end()) {
        elements += static_cast<uint64_t>(layer.spec.out * layer.spec.in);
      }
    }
    widest = std::max(widest, elements);
  }
  constexpr uint64_t kTunedBytes = 2 + 4 + 2 + 1;  // W, V, Wq, codes of the best iterate
  if (!needs_data()) return widest * (2 + 1);
  const auto tokens = static_cast<uint64_t>(options.nsamples * options.seqlen);
  const auto batch = static_cast<uint64_t>(options.batch_size * options.seqlen);
  constexpr uint64_t kStreamBytes = 2 * 4;   // original and quantized stream, float32
  constexpr uint64_t kActivations = 20;   // float32 tensors of hidden size alive in one block's graph, seen on llama
  const auto hidden = static_cast<uint64_t>(spec->hidden);
  return widest * kTunedBytes + kStreamBytes * tokens * hidden + batch * hidden * kActivations * 4;
}

Plan make_plan(const RunOptions& options, plugin::Registry& registry) {
  Plan plan;
  plan.options = options;
  plan.scheme = quant::resolve(options.scheme, options.scheme_override);
  check_supported(plan.scheme, "--scheme " + options.scheme);
  follow_scheme(plan.options);
  for (const std::string& format : plan.options.formats) registry.format(format);
  choose_device(registry, options.device_map);
  InputModel input = open_input(registry, options.model);
  plan.config = std::move(input.config);
  plan.source = std::move(input.source);
  plan.model = std::move(input.model);
  plan.spec = &plan.model->spec();
  if (options.convert) adopt_stored_schemes(plan);
  plan.side_folder = std::make_shared<const SideFolder>(registry, options.model, options.tokenizer);
  drop_quantization(plan.config);
  find_leftover(plan);
  choose_dtypes(plan);
  const std::set<int64_t> chosen = choose_blocks(plan);
  std::vector<std::string> names;
  for (const int64_t b : chosen) names.push_back(plan.spec->blocks[static_cast<std::size_t>(b)].name);
  plan.block_names = block_names(*plan.spec, names.size() == 1 ? names.front() : common_prefix(names));
  plan_layers(plan, chosen);
  plan_embeddings(plan);
  plan_states(plan);
  plan_outputs(plan, registry);
  plan.method = choose_method(options, plan.scheme);
  check_layers(plan);
  if (!options.convert) advise_conversion(plan);
  clamp_options(plan);
  plan_units(plan);
  name_outputs(plan, registry);
  return plan;
}

}  // namespace ar::engine
