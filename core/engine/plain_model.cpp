#include "core/engine/plain_model.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/engine/stored_states.hpp"
#include "core/quant/activation_ggml.hpp"
#include "core/quant/fp8_states.hpp"
#include "core/tensor/matmul.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

void for_each_sequence(std::vector<Sequence>& sequences, const std::function<void(Sequence&)>& body) {
  base::throw_if_cancelled();
  tensor::parallel_for(static_cast<int64_t>(sequences.size()), [&](int64_t i) {
    at::NoGradGuard no_grad;  // thread-local, so once a task
    body(sequences[static_cast<std::size_t>(i)]);
  });
}

void check_ids(const Sequence& sequence, int64_t vocab) {
  const at::Tensor ids = sequence.ids.contiguous();
  const auto* id = ids.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.numel(); ++i) {
    if (id[i] < 0 || id[i] >= vocab) base::refuse("token id {}: the model's ids are 0 to {}", id[i], vocab - 1);
  }
}

at::Tensor quantized(const at::Tensor& states, const at::Tensor& max) {
  return max.defined() ? quant::quantize_states(states, max) : states;
}

at::Tensor rounded(const at::Tensor& states, at::ScalarType dtype) { return states.to(dtype).to(states.scalar_type()); }

at::Tensor max_of(const at::Tensor& scale) { return scale.defined() ? quant::max_of_scale(scale) : scale; }

}  // namespace

PlainRunner::PlainRunner(std::vector<PlainLinear> linears, std::vector<at::Tensor> parameters,
                         std::vector<PlainStates> states)
    : linears_(std::move(linears)), parameters_(std::move(parameters)), states_(std::move(states)) {}

at::Tensor PlainRunner::linear(int64_t id, const at::Tensor& x) {
  const PlainLinear& layer = linears_.at(static_cast<std::size_t>(id));
  const at::Tensor input = layer.input ? layer.input->quantize(x.contiguous()) : x;
  const at::Tensor y = tensor::linear(input, layer.weight, layer.bias);
  if (!layer.minima.defined()) return y;
  return y + tensor::linear(quant::own_sum_errors(x, layer.input->scheme), layer.minima, {});
}

at::Tensor PlainRunner::grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                       const std::vector<int64_t>& offsets) {
  std::vector<at::Tensor> parts;
  for (std::size_t e = 0; e < ids.size(); ++e) {
    const int64_t n = offsets[e + 1] - offsets[e];
    if (n > 0) parts.push_back(linear(ids[e], x_sorted.narrow(0, offsets[e], n)));
  }
  return at::cat(parts, 0);
}

at::Tensor PlainRunner::parameter(int64_t id) { return parameters_.at(static_cast<std::size_t>(id)); }

AttentionStates PlainRunner::attention(int64_t id, const AttentionStates& states) {
  const PlainStates& max = states_.at(static_cast<std::size_t>(id));
  if (max.cache) return {states.query, rounded(states.key, *max.cache), rounded(states.value, *max.cache)};
  return {quantized(states.query, max.query), quantized(states.key, max.key), quantized(states.value, max.value)};
}

PlainModel::PlainModel(plugin::Registry& registry, const std::filesystem::path& path,
                       const std::optional<std::string>& activations)
    : input_(open_input(registry, path, activations)) {}

std::unique_ptr<PlainRunner> PlainModel::load(const std::vector<LinearSpec>& linears,
                                              const std::vector<ParameterSpec>& parameters,
                                              const std::vector<AttentionSpec>& attentions) const {
  std::vector<PlainLinear> loaded(linears.size());
  std::vector<at::Tensor> values(parameters.size());
  tensor::parallel_for(static_cast<int64_t>(linears.size()), [&](int64_t i) {
    const auto l = static_cast<std::size_t>(i);
    LoadedWeight source = input_.source->linear(linears[l]);
    loaded[l].weight = source.weight.to(at::kFloat).contiguous();
    loaded[l].input = std::move(source.input);
    loaded[l].minima = std::move(source.minima);
    if (!linears[l].bias.empty()) loaded[l].bias = input_.source->tensor(linears[l].bias).to(at::kFloat);
  });
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    values[i] = input_.source->tensor(parameters[i].tensor).to(at::kFloat);
  }
  std::vector<PlainStates> states;
  for (const AttentionSpec& attention : attentions) {
    const StoredStates stored = read_states(*input_.source, attention);
    states.push_back({max_of(stored.query), max_of(stored.key), max_of(stored.value), input_.source->cache_dtype()});
  }
  return std::make_unique<PlainRunner>(std::move(loaded), std::move(values), std::move(states));
}

void PlainModel::embed(std::vector<Sequence>& sequences) const {
  // Tables are taken as stored: only the rows that are looked up become float32.
  std::vector<at::Tensor> tables;
  for (const ParameterSpec& p : spec().embed) tables.push_back(input_.source->tensor(p.tensor));
  PlainRunner runner({}, std::move(tables));
  std::map<int64_t, std::shared_ptr<const Context>> contexts;
  for (Sequence& s : sequences) {
    check_ids(s, spec().vocab);
    auto& context = contexts[s.ids.size(1)];
    if (!context) context = input_.model->context(s.ids.size(1), at::TensorOptions(at::kFloat));
    s.context = context;
  }
  for_each_sequence(sequences,
                    [&](Sequence& s) { s.hidden = input_.model->embed(s.ids, *s.context, runner).to(at::kFloat); });
}

void PlainModel::block(int64_t index, std::vector<Sequence>& sequences) const {
  const BlockSpec& block = spec().blocks.at(static_cast<std::size_t>(index));
  const std::unique_ptr<PlainRunner> runner = load(block.linears, block.parameters, block.attentions);
  for_each_sequence(sequences,
                    [&](Sequence& s) { s.hidden = input_.model->block(index, s.hidden, *s.context, *runner); });
  for (const LinearSpec& linear : block.linears) input_.source->release(linear);
}

std::unique_ptr<PlainRunner> PlainModel::head_runner() const { return load(spec().head, spec().head_parameters); }

}  // namespace ar::engine
