#include "core/tune/training_runner.hpp"

#include <memory>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_unsafe_view.h>
#include <ATen/ops/ones.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include "core/base/error.hpp"
#include "core/tune/fixed_runner.hpp"

namespace ar::tune {
namespace {

using torch::autograd::variable_list;

/// y = x W^T with W constant to autograd; the weight gradient is formed later from the stash, which receives dy.
class LinearBackward final : public torch::autograd::Node {
 public:
  LinearBackward(const tensor::LinearWeight& weight, tensor::TokenRows& gradients, int64_t sample, bool wants_dx,
                 std::vector<int64_t> sizes)
      : weight_(weight), gradients_(gradients), sample_(sample), wants_dx_(wants_dx), sizes_(std::move(sizes)) {}

  variable_list apply(variable_list&& grads) override {
    const at::Tensor dy = gradients_.put(sample_, grads[0].reshape({-1, gradients_.width()}).contiguous());
    return {wants_dx_ ? weight_.backward(dy).view(sizes_) : at::Tensor()};
  }

 private:
  const tensor::LinearWeight& weight_;
  tensor::TokenRows& gradients_;
  int64_t sample_;
  bool wants_dx_;
  std::vector<int64_t> sizes_;  // of x
};

}  // namespace

Stash::Stash(const Stage& stage, int64_t samples, int64_t tokens)
    : samples_(samples),
      tokens_(tokens),
      compute_(stage.compute),
      inputs_(stage.linears.size()),
      gradients_(stage.linears.size()) {}

tensor::TokenRows& Stash::input_of(std::size_t linear, tensor::TokenRows* shared, int64_t width) {
  const std::lock_guard lock(making_);
  tensor::TokenRows*& slot = inputs_[linear];
  if (slot == nullptr) slot = shared != nullptr ? shared : &slots_.emplace_back(samples_, tokens_, width, compute_);
  return *slot;
}

tensor::TokenRows& Stash::output_gradient_of(std::size_t linear, int64_t width) {
  const std::lock_guard lock(making_);
  tensor::TokenRows& gradients = gradients_[linear];
  if (!gradients.defined()) gradients = tensor::TokenRows(samples_, tokens_, width, compute_);
  return gradients;
}

TrainingRunner::TrainingRunner(const Stage& stage, const TrainingWeights& weights, Stash& stash, int64_t sample,
                               bool train_vectors)
    : stage_(stage),
      weights_(weights),
      stash_(stash),
      sample_(sample),
      anchor_(at::ones({1}, at::kFloat).set_requires_grad(true)),
      bias_leaves_(stage.linears.size()),
      parameter_leaves_(stage.parameters.size()),
      range_gradients_(stage.linears.size()) {
  if (!train_vectors) return;
  for (std::size_t i = 0; i < stage.linears.size(); ++i) {
    if (stage.linears[i].tuned && weights.biases[i].defined()) {
      bias_leaves_[i] = weights.biases[i].detach().set_requires_grad(true);
    }
  }
  for (std::size_t i = 0; i < stage.parameters.size(); ++i) {
    if (stage.parameters[i].norm) parameter_leaves_[i] = weights.parameters[i].detach().set_requires_grad(true);
  }
}

const TrainingRunner::Input& TrainingRunner::recorded(std::size_t linear, const at::Tensor& x) {
  for (const Input& input : seen_) {
    if (!input.source.is_same(x)) continue;
    stash_.input_of(linear, input.slot, x.size(-1));
    return input;
  }
  tensor::TokenRows& slot = stash_.input_of(linear, nullptr, x.size(-1));
  const at::Tensor rows = x.detach().reshape({-1, x.size(-1)}).contiguous();
  seen_.push_back({x, slot.put(sample_, rows), &slot});
  return seen_.back();
}

at::Tensor TrainingRunner::layer_input(std::size_t linear, const at::Tensor& x) {
  const auto& quantizer = weights_.inputs.at(linear);
  if (!quantizer) return x;
  for (const QuantizedInput& done : quantized_) {
    if (done.x.is_same(x) && done.by->same_as(*quantizer)) return done.quantized;
  }
  quantized_.push_back({x, quantizer->quantize_with_gradient(x, anchor_, &range_gradients_[linear]), &*quantizer});
  return quantized_.back().quantized;
}

at::Tensor TrainingRunner::linear(int64_t id, const at::Tensor& layer_x) {
  const auto i = static_cast<std::size_t>(id);
  const at::Tensor x = layer_input(i, layer_x);
  if (x.numel() != stash_.tokens() * x.size(-1)) {
    base::fail("{}: {} rows reach the layer, {} tokens were given", stage_.linears.at(i).name, x.numel() / x.size(-1),
               stash_.tokens());
  }
  const tensor::LinearWeight& weight = weights_.weights.at(i);
  const int64_t out = weight.values().size(0);
  tensor::TokenRows& gradients = stash_.output_gradient_of(i, out);
  auto sizes = x.sizes().vec();
  sizes.back() = out;
  at::Tensor y = at::_unsafe_view(weight.forward(recorded(i, x).rows), sizes);
  if (at::GradMode::is_enabled()) {
    auto node = std::make_shared<LinearBackward>(weight, gradients, sample_, x.requires_grad(), x.sizes().vec());
    node->add_next_edge(torch::autograd::impl::gradient_edge(x.requires_grad() ? x : anchor_));
    torch::autograd::create_gradient_edge(y, std::move(node));
  }
  if (bias_leaves_[i].defined()) return y.add(bias_leaves_[i]);
  return weights_.biases[i].defined() ? y.add(weights_.biases[i]) : y;
}

at::Tensor TrainingRunner::grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                          const std::vector<int64_t>& offsets) {
  return grouped_by_linear(*this, ids, x_sorted, offsets);
}

at::Tensor TrainingRunner::parameter(int64_t id) {
  const auto i = static_cast<std::size_t>(id);
  return parameter_leaves_[i].defined() ? parameter_leaves_[i] : weights_.parameters.at(i);
}

}  // namespace ar::tune
