#include "core/tune/vector_tuning.hpp"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include "core/quant/optimizer.hpp"
#include "core/quant/planes.hpp"

namespace ar::tune {

VectorTuning::VectorTuning(const Stage& stage, const TuneOptions& options)
    : n_linears_(stage.linears.size()), n_parameters_(stage.parameters.size()), options_(options) {
  if (!options.norm_bias_tuning) return;
  const auto add = [&](bool bias, std::size_t id, const at::Tensor& source) {
    Vector v{bias, id, {}, source.contiguous(), {}, {}, {}, {}, {}, {}};
    v.grid = quant::vector_grid(quant::reals_of(v.source), v.source.numel(), quant::ScaleType::kF16);
    v.offset = at::zeros_like(v.source);
    v.effective = at::zeros_like(v.source);
    v.gradient = at::zeros_like(v.source);
    v.first = at::zeros_like(v.source);
    v.second = at::zeros_like(v.source);
    refresh(v);
    vectors_.push_back(std::move(v));
  };
  for (std::size_t i = 0; i < n_linears_; ++i) {
    if (stage.linears[i].tuned && stage.linears[i].bias.defined()) add(true, i, stage.linears[i].bias);
  }
  for (std::size_t i = 0; i < n_parameters_; ++i) {
    if (stage.parameters[i].norm) add(false, i, stage.parameters[i].value);
  }
}

void VectorTuning::refresh(Vector& v) const {
  v.effective = at::empty(v.source.sizes(), v.source.options());  // leaves of the last step may still refer to the old one
  quant::vector_fake_quant(v.grid, quant::reals_of(v.source), v.offset.const_data_ptr<float>(), v.source.numel(),
                           quant::mutable_reals_of(v.effective));
}

void VectorTuning::use(TrainingWeights& weights) const {
  for (const Vector& v : vectors_) (v.bias ? weights.biases : weights.parameters)[v.id] = v.effective;
}

VectorGradients VectorTuning::gradients_of(const TrainingRunner& runner) const {
  VectorGradients gradients;
  for (const Vector& v : vectors_) {
    gradients.push_back((v.bias ? runner.bias_leaf(v.id) : runner.parameter_leaf(v.id)).grad());
  }
  return gradients;
}

void VectorTuning::clear_gradients() {
  for (Vector& v : vectors_) v.gradient.zero_();
}

void VectorTuning::add(const VectorGradients& gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].defined()) vectors_[i].gradient.add_(gradients[i]);
  }
}

void VectorTuning::snapshot() {
  for (Vector& v : vectors_) v.best = v.effective;
}

void VectorTuning::step(const StepRates& rates) {
  for (Vector& v : vectors_) {
    const int64_t n = v.source.numel();
    float* offset = v.offset.mutable_data_ptr<float>();
    at::Tensor offset_gradient = at::empty(v.source.sizes(), v.source.options());
    float* g = offset_gradient.mutable_data_ptr<float>();
    quant::vector_gradient(v.grid, quant::reals_of(v.source), offset, v.gradient.const_data_ptr<float>(), n, true, g);
    if (options_.optimizer == Optimizer::kAdamW) {
      quant::adamw_step(offset, g, {v.first.mutable_data_ptr<float>(), v.second.mutable_data_ptr<float>()}, n, rates.lr, rates.step);
    } else if (options_.momentum != 0.0) {
      quant::sign_descent_momentum(offset, g, v.first.mutable_data_ptr<float>(), n, rates.lr, static_cast<float>(options_.momentum));
    } else {
      quant::sign_descent(offset, g, n, rates.lr);
    }
    refresh(v);
  }
}

void VectorTuning::collect(bool has_snapshot, std::vector<at::Tensor>& biases, std::vector<at::Tensor>& parameters) const {
  biases.resize(n_linears_);
  parameters.resize(n_parameters_);
  if (!has_snapshot) return;
  for (const Vector& v : vectors_) (v.bias ? biases : parameters)[v.id] = v.best;
}

}  // namespace ar::tune
