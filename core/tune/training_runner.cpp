#include "core/tune/training_runner.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/base/error.hpp"
#include "core/tensor/matmul.hpp"
#include "core/tune/fixed_runner.hpp"

namespace ar::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// y = x W^T with W constant to autograd; the weight gradient is formed later from the stash. `recorded` is the rows of
/// the stash that hold x in the compute dtype, `gradient` those that will hold dy.
struct RecordedLinear : torch::autograd::Function<RecordedLinear> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& anchor,
                            const at::Tensor& recorded, const at::Tensor& weight, const at::Tensor& gradient) {
    (void)anchor;
    ctx->saved_data["weight"] = weight;
    ctx->saved_data["gradient"] = gradient;
    ctx->saved_data["dtype"] = static_cast<int64_t>(x.scalar_type());
    return tensor::matmul_nt(recorded, weight).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    at::Tensor gradient = ctx->saved_data["gradient"].toTensor();
    gradient.copy_(grads[0]);
    at::Tensor dx;
    if (ctx->needs_input_grad(0)) {
      const at::Tensor weight = ctx->saved_data["weight"].toTensor();
      const auto dtype = static_cast<at::ScalarType>(ctx->saved_data["dtype"].toInt());
      dx = tensor::matmul_nn(gradient, weight).to(dtype);
    }
    return {dx, {}, {}, {}, {}};
  }
};

}  // namespace

Stash::Stash(const Stage& stage, int64_t samples, int64_t tokens)
    : samples_(samples), tokens_(tokens), gradients_(stage.linears.size()), slot_(stage.linears.size(), -1) {}

TrainingRunner::TrainingRunner(const Stage& stage, const TrainingWeights& weights, Stash& stash, int64_t sample,
                               bool train_vectors)
    : stage_(stage),
      weights_(weights),
      stash_(stash),
      sample_(sample),
      anchor_(at::ones({1}, at::kFloat).set_requires_grad(true)),
      bias_leaves_(stage.linears.size()),
      parameter_leaves_(stage.parameters.size()) {
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

int64_t TrainingRunner::slot_of(std::size_t linear, const at::Tensor& x) {
  const void* key = x.unsafeGetTensorImpl();
  for (const auto& [seen, slot] : seen_) {
    if (seen != key) continue;
    if (stash_.slot_[linear] != slot) stash_.slot_[linear] = slot;  // only the first pass writes
    return slot;
  }
  const int64_t rows = stash_.samples_ * stash_.tokens_;
  int64_t& slot = stash_.slot_[linear];
  if (slot < 0) {
    slot = static_cast<int64_t>(stash_.inputs_.size());
    stash_.inputs_.push_back(at::empty({rows, x.size(-1)}, x.options().dtype(stage_.compute).requires_grad(false)));
  }
  seen_.emplace_back(key, slot);
  keep_.push_back(x);
  at::Tensor target = stash_.inputs_[static_cast<std::size_t>(slot)].narrow(0, sample_ * stash_.tokens_, stash_.tokens_);
  target.copy_(x.detach().reshape({-1, x.size(-1)}));
  return slot;
}

at::Tensor TrainingRunner::layer_input(std::size_t linear, const at::Tensor& x) {
  const auto& quantizer = weights_.inputs.at(linear);
  if (!quantizer) return x;
  for (const QuantizedInput& done : quantized_) {
    if (done.x.is_same(x) && done.by->same_as(*quantizer)) return done.quantized;
  }
  quantized_.push_back({x, quantizer->quantize_with_gradient(x), &*quantizer});
  return quantized_.back().quantized;
}

at::Tensor TrainingRunner::linear(int64_t id, const at::Tensor& layer_x) {
  const auto i = static_cast<std::size_t>(id);
  const at::Tensor x = layer_input(i, layer_x);
  if (x.numel() != stash_.tokens_ * x.size(-1)) {
    base::fail("{}: {} rows reach the layer, {} tokens were given", stage_.linears.at(i).name, x.numel() / x.size(-1),
               stash_.tokens_);
  }
  const auto slot = static_cast<std::size_t>(slot_of(i, x));
  const at::Tensor& weight = weights_.weights.at(i);
  at::Tensor& gradients = stash_.gradients_[i];
  if (!gradients.defined()) {
    gradients = at::empty({stash_.samples_ * stash_.tokens_, weight.size(0)}, weight.options());
  }
  const int64_t first = sample_ * stash_.tokens_;
  auto sizes = x.sizes().vec();
  sizes.back() = weight.size(0);
  at::Tensor y = RecordedLinear::apply(x.reshape({-1, x.size(-1)}), anchor_,
                                       stash_.inputs_[slot].narrow(0, first, stash_.tokens_), weight,
                                       gradients.narrow(0, first, stash_.tokens_))
                     .view(sizes);
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
