#include "model_harness.hpp"

#include <filesystem>

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>

#include "core/base/json.hpp"
#include "core/model/checkpoint_tensor.hpp"

namespace ar::conformance {
namespace {

/// Numbers between -1 and 1 that repeat nowhere: sin of multiples of an irrational number.
at::Tensor wave(const at::Tensor& like, double frequency) {
  return at::ones_like(like).reshape({-1}).cumsum(0).mul(frequency).sin().reshape(like.sizes());
}

}  // namespace

const ModelArch& arch() { return *static_cast<const ModelArch*>(subject().model->api.arch()); }

std::string config_text() { return base::read_text_file(std::filesystem::path(subject().checkpoint) / "config.json"); }

std::string failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

at::Tensor PlainRunner::linear(int64_t id, const at::Tensor& x) {
  const auto i = static_cast<std::size_t>(id);
  const at::Tensor y = at::matmul(x, weights.at(i).t());
  return biases[i].defined() ? y.add(biases[i]) : y;
}

at::Tensor PlainRunner::grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                       const std::vector<int64_t>& offsets) {
  std::vector<at::Tensor> parts;
  for (std::size_t e = 0; e < ids.size(); ++e) {
    parts.push_back(linear(ids[e], x_sorted.narrow(0, offsets[e], offsets[e + 1] - offsets[e])));
  }
  return at::cat(parts, 0);
}

AttentionStates PlainRunner::attention(int64_t id, const AttentionStates& states) {
  asked.emplace_back(id, states);
  if (value_factor == 1.0) return states;
  return {states.query, states.key, states.value.mul(value_factor)};
}

TinyModel::TinyModel(at::ScalarType dtype) : dtype_(dtype), checkpoint_(subject().checkpoint) {
  for (const auto& [name, info] : checkpoint_.tensors()) table[name] = {info.dtype, info.shape};
  model_ = arch().open(config_text(), table);
  for (int64_t i = 0; i < kTokens; ++i) tokens.push_back((i * 7 + 3) % spec().vocab);
}

std::set<std::string> TinyModel::used_tensors() const {
  std::set<std::string> names;
  const auto add_linears = [&](const std::vector<LinearSpec>& linears) {
    for (const LinearSpec& l : linears) {
      names.insert(l.weight);
      if (!l.bias.empty()) names.insert(l.bias);
    }
  };
  const auto add_parameters = [&](const std::vector<ParameterSpec>& parameters) {
    for (const ParameterSpec& p : parameters) names.insert(p.tensor);
  };
  add_parameters(spec().embed);
  for (const BlockSpec& block : spec().blocks) {
    add_linears(block.linears);
    add_parameters(block.parameters);
  }
  add_parameters(spec().head_parameters);
  add_linears(spec().head);
  return names;
}

at::Tensor TinyModel::load(const std::string& name) const { return model::tensor(checkpoint_, name).to(dtype_); }

PlainRunner TinyModel::runner(const std::vector<LinearSpec>& linears,
                              const std::vector<ParameterSpec>& parameters) const {
  PlainRunner r;
  for (const LinearSpec& l : linears) {
    at::Tensor w = load(l.weight);
    if (l.slice >= 0) w = w.select(0, l.slice);
    r.weights.push_back(l.conv1d ? w.t().contiguous() : w.contiguous());
    r.biases.push_back(l.bias.empty() ? at::Tensor() : load(l.bias));
  }
  for (const ParameterSpec& p : parameters) r.parameters.push_back(load(p.tensor));
  return r;
}

std::shared_ptr<const Context> TinyModel::context() const {
  return model_->context(kTokens, at::TensorOptions().dtype(dtype_));
}

at::Tensor TinyModel::embedded(const Context& context) const {
  const at::Tensor ids = at::from_blob(const_cast<int64_t*>(tokens.data()), {1, kTokens}, at::kLong).clone();
  PlainRunner embed = runner({}, spec().embed);
  return model_->embed(ids, context, embed);
}

at::Tensor TinyModel::logits() const {
  const auto shared = context();
  at::Tensor hidden = embedded(*shared);
  for (std::size_t i = 0; i < spec().blocks.size(); ++i) {
    PlainRunner block = runner(spec().blocks[i].linears, spec().blocks[i].parameters);
    hidden = model_->block(static_cast<int64_t>(i), hidden, *shared, block);
  }
  PlainRunner head = runner(spec().head, spec().head_parameters);
  return model_->head(hidden, *shared, head);
}

TinyModel::Asked TinyModel::attention(double value_factor) const {
  const auto shared = context();
  PlainRunner block = runner(spec().blocks[0].linears, spec().blocks[0].parameters);
  block.value_factor = value_factor;
  at::Tensor output = model_->block(0, embedded(*shared), *shared, block);
  return {std::move(block.asked), std::move(output)};
}

Slopes TinyModel::slopes(int64_t linear, double step) const {
  const auto shared = context();
  const at::Tensor input = embedded(*shared);
  const auto i = static_cast<std::size_t>(linear);
  PlainRunner block = runner(spec().blocks[0].linears, spec().blocks[0].parameters);
  const at::Tensor start = block.weights[i];
  const at::Tensor direction = wave(start, 1.7);
  const auto value = [&](const at::Tensor& weight) {
    block.weights[i] = weight;
    const at::Tensor out = model_->block(0, input, *shared, block);
    return out.mul(wave(out, 0.9)).sum();
  };
  const at::Tensor tuned = start.clone().set_requires_grad(true);
  value(tuned).backward();
  const double gradient = tuned.grad().mul(direction).sum().item<double>();
  const double above = value(start.add(direction, step)).item<double>();
  const double below = value(start.sub(direction, step)).item<double>();
  return {gradient, (above - below) / (2 * step)};
}

}  // namespace ar::conformance
