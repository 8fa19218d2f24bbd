#include "core/tune/fixed_runner.hpp"

#include <utility>

#include <ATen/ops/cat.h>

#include "core/tensor/elementwise.hpp"

namespace ar::tune {

FixedRunner::FixedRunner(const Stage& stage, std::vector<at::Tensor> weights, std::vector<at::Tensor> biases,
                         std::vector<at::Tensor> parameters, Activations activations)
    : compute_(stage.compute),
      inputs_(stage.linears.size()),
      biases_(std::move(biases)),
      parameters_(std::move(parameters)) {
  weights.resize(stage.linears.size());
  biases_.resize(stage.linears.size());
  parameters_.resize(stage.parameters.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights_.emplace_back((weights[i].defined() ? weights[i] : stage.linears[i].weight).to(compute_), false);
    if (!biases_[i].defined()) biases_[i] = stage.linears[i].bias;
    if (activations == Activations::kQuantized) inputs_[i] = input_quantizer(stage.linears[i]);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].defined()) parameters_[i] = stage.parameters[i].value;
  }
}

at::Tensor FixedRunner::linear(int64_t id, const at::Tensor& x) {
  const auto i = static_cast<std::size_t>(id);
  const at::Tensor input = inputs_[i] ? inputs_[i]->quantize(x) : x;
  const tensor::LinearWeight& weight = weights_.at(i);
  auto sizes = x.sizes().vec();
  sizes.back() = weight.values().size(0);
  at::Tensor y = weight.forward(input.reshape({-1, x.size(-1)}).to(compute_));
  if (biases_[i].defined()) y.add_(biases_[i]);
  if (compute_ == at::kBFloat16 && y.is_cpu()) {
    tensor::round_all_to_bf16(y.mutable_data_ptr<float>(), y.numel());
  } else {
    y = y.to(compute_);
  }
  return y.to(x.scalar_type()).view(sizes);
}

at::Tensor FixedRunner::grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                       const std::vector<int64_t>& offsets) {
  return grouped_by_linear(*this, ids, x_sorted, offsets);
}

at::Tensor FixedRunner::parameter(int64_t id) { return parameters_.at(static_cast<std::size_t>(id)); }

at::Tensor grouped_by_linear(Runner& runner, const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                             const std::vector<int64_t>& offsets) {
  std::vector<at::Tensor> parts;
  for (std::size_t e = 0; e < ids.size(); ++e) {
    const int64_t n = offsets[e + 1] - offsets[e];
    if (n > 0) parts.push_back(runner.linear(ids[e], x_sorted.narrow(0, offsets[e], n)));
  }
  return at::cat(parts, 0);
}

}  // namespace ar::tune
