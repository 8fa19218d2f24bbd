#include "core/engine/unit_result.hpp"

#include <utility>

#include <ATen/ops/full.h>

#include "core/engine/model_source.hpp"
#include "core/engine/stored_states.hpp"
#include "core/quant/activation.hpp"
#include "core/quant/data_type.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "core/quant/signed_zeros.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

at::Tensor in_output_dtype(const Plan& plan, const at::Tensor& tuned, const std::string& stored) {
  return tuned.to(load_unquantized(plan, stored).scalar_type());
}

/// What a loader needs to quantize the layer's inputs as they were here.
void add_activation_scale(const tune::StageLinear& linear, quant::QuantizedWeight& weight) {
  if (!linear.act_max) return;
  const auto one = [](float value) { return at::full({1}, value, at::kFloat); };
  if (linear.scheme.act_data_type.rfind("nv", 0) == 0) {
    weight.act_global_scale = one(quant::nv_global_scale(*linear.act_max));
  } else {
    weight.act_scale = one(quant::static_scale(linear.scheme, *linear.act_max));
  }
}

/// The quantize-dequantized weight.
at::Tensor dequantized(const tune::StageLinear& linear, const quant::QuantizedWeight& weight) {
  const at::Tensor values = quant::dequantize(weight, linear.weight.scalar_type());
  const bool integers = linear.scheme.data_type == "int";
  // NVFP4 adds its offset before it rounds, which turns -0 into 0; the other float types keep the sign in their codes.
  const bool nv = linear.scheme.data_type.rfind("nv", 0) == 0;
  if (linear.scheme.sym && (integers || nv)) quant::sign_zeros(linear.weight, values, /*of_zeros=*/integers);
  return values;
}

/// Scales of attention's states: of this run, or those a conversion keeps.
void write_states(const Plan& plan, const LoadedStage& loaded, Writers& writers) {
  if (loaded.stage.states) {
    for (const auto& [name, scale] : loaded.stage.states->scales()) writers.add(name, scale);
  } else if (plan.method == Method::kConvert) {
    for (const AttentionSpec& attention : loaded.attentions) {
      for (const std::string& name : state_tensors(*plan.source, attention))
        writers.add(name, plan.source->tensor(name));
    }
  }
}

const std::string& output_name(const ParameterSpec& spec) {
  return spec.export_name.empty() ? spec.tensor : spec.export_name;
}

}  // namespace

void write_plain(const Plan& plan, const LinearSpec& spec, Writers& writers) {
  // Slices of a fused tensor are written apart, as loaders of unfused experts expect (models.md 7). What the source
  // stores quantized and this run leaves alone is written dequantized.
  const bool apart = spec.slice >= 0 || plan.source->is_quantized(spec);
  writers.add(spec.name + ".weight", apart ? load_linear(plan, spec).weight : load_unquantized(plan, spec.weight));
  if (!spec.bias.empty()) writers.add(spec.name + ".bias", load_unquantized(plan, spec.bias));
}

void write_plain(const Plan& plan, const ParameterSpec& spec, Writers& writers) {
  writers.add(output_name(spec), load_unquantized(plan, spec.tensor));
}

FixedTensors UnitResult::fixed(at::ScalarType compute) const {
  FixedTensors f{weights, biases, parameters};
  for (at::Tensor& w : f.weights) {
    if (w.defined()) w = w.to(compute);
  }
  return f;
}

UnitResult untouched(const LoadedStage& loaded) {
  UnitResult result;
  result.layers.resize(loaded.stage.linears.size());
  result.weights.resize(loaded.stage.linears.size());
  result.biases.resize(loaded.stage.linears.size());
  result.parameters.resize(loaded.stage.parameters.size());
  return result;
}

UnitResult from_tuning(LoadedStage& loaded, tune::TuneResult tuned) {
  UnitResult result = untouched(loaded);
  for (std::size_t i = 0; i < tuned.act_max.size(); ++i) {
    if (tuned.act_max[i]) loaded.stage.linears[i].act_max = tuned.act_max[i];
  }
  result.layers = std::move(tuned.layers);
  result.biases = std::move(tuned.biases);
  result.parameters = std::move(tuned.parameters);
  result.first_loss = tuned.first_loss;
  result.best_loss = tuned.best_loss;
  result.best_iteration = tuned.best_iteration;
  tensor::parallel_for(static_cast<int64_t>(result.layers.size()), [&](int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    if (result.layers[at]) {
      add_activation_scale(loaded.stage.linears[at], *result.layers[at]);
      result.weights[at] = dequantized(loaded.stage.linears[at], *result.layers[at]);
    }
  });
  return result;
}

UnitResult round_unit(const LoadedStage& loaded) {
  UnitResult result = untouched(loaded);
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    const tune::StageLinear& linear = loaded.stage.linears[i];
    if (!linear.tuned) continue;
    result.layers[i] = quant::quantize(linear.weight, linear.scheme, linear.quantize);
    add_activation_scale(linear, *result.layers[i]);
    result.weights[i] = dequantized(linear, *result.layers[i]);
  }
  return result;
}

void write_matrix(const LoadedStage& loaded, const UnitResult& result, Writers& writers) {
  FormatLayer layer;
  layer.name = loaded.stage.name;
  layer.planes = *result.layers.front();
  layer.weight = result.weights.front();
  writers.pack({std::move(layer)});
}

void write_unit(const Plan& plan, const LoadedStage& loaded, const UnitResult& result, Writers& writers) {
  std::vector<FormatLayer> layers;
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    if (!result.layers[i]) continue;
    const LinearSpec& spec = plan.layers[loaded.planned[i]].spec;
    FormatLayer layer;
    layer.name = spec.name;
    layer.planes = *result.layers[i];
    layer.weight = result.weights[i];
    layer.conv1d = spec.conv1d;
    if (!spec.bias.empty()) {
      layer.bias = result.biases[i].defined() ? in_output_dtype(plan, result.biases[i], spec.bias) : load_unquantized(plan, spec.bias);
    }
    layers.push_back(std::move(layer));
  }
  writers.pack(layers);
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    if (!result.layers[i]) write_plain(plan, plan.layers[loaded.planned[i]].spec, writers);
  }
  for (std::size_t i = 0; i < loaded.parameter_specs.size(); ++i) {
    const ParameterSpec& p = loaded.parameter_specs[i];
    if (result.parameters[i].defined())
      writers.add(output_name(p), in_output_dtype(plan, result.parameters[i], p.tensor));
    else
      write_plain(plan, p, writers);
  }
  write_states(plan, loaded, writers);
}

}  // namespace ar::engine
