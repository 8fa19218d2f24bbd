#include "core/tune/rounding_layer.hpp"

#include <array>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/quant/optimizer.hpp"

namespace ar::tune {

RoundingLayer::RoundingLayer(const StageLinear& linear, const TuneOptions& options, at::ScalarType compute)
    : linear_(&linear),
      options_(options),
      grid_(quant::make_grid(linear.scheme, linear.weight.size(0), linear.weight.size(1), linear.scale_type)),
      source_(linear.weight.contiguous()),
      best_(grid_) {
  const auto f32 = at::TensorOptions(at::kFloat);
  weight_q_ = at::empty(source_.sizes(), source_.options().dtype(compute));
  range_min_ = at::empty({grid_.rows, grid_.groups()}, f32);
  range_max_ = at::empty({grid_.rows, grid_.groups()}, f32);
  value_ = at::zeros({grid_.rows, grid_.cols}, f32);
  if (options.minmax_tuning) {
    min_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
    max_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
  }
  if (options.optimizer == Optimizer::kSignSgd && options.momentum == 0.0) return;
  for (const at::Tensor& p : {value_, min_scale_, max_scale_}) {
    if (!p.defined()) continue;
    gradients_.push_back(at::empty(p.sizes(), f32));
    first_.push_back(at::zeros(p.sizes(), f32));
    if (options.optimizer == Optimizer::kAdamW) second_.push_back(at::zeros(p.sizes(), f32));
  }
}

quant::IntTuning RoundingLayer::parameters() {
  quant::IntTuning p{grid_, quant::reals_of(source_)};
  p.range_min = range_min_.data_ptr<float>();
  p.range_max = range_max_.data_ptr<float>();
  p.value = value_.data_ptr<float>();
  if (min_scale_.defined()) {
    p.min_scale = min_scale_.data_ptr<float>();
    p.max_scale = max_scale_.data_ptr<float>();
  }
  return p;
}

namespace {

/// From a row on.
tensor::Reals rows_from(const at::Tensor& t, int64_t element) {
  const tensor::Reals all = quant::mutable_reals_of(t);
  return {static_cast<char*>(all.data) + element * t.element_size(), all.type};
}

}  // namespace

void RoundingLayer::start(quant::RowRange rows) {
  quant::group_ranges(grid_, quant::reals_of(source_), rows, range_min_.data_ptr<float>(), range_max_.data_ptr<float>());
  quant::fake_quant(parameters(), rows, rows_from(weight_q_, rows.begin * grid_.cols));
}

void RoundingLayer::step(quant::RowRange rows, const at::Tensor& weight_gradient, const StepRates& rates) {
  const tensor::Reals next = rows_from(weight_q_, rows.begin * grid_.cols);
  if (gradients_.empty()) {
    quant::sign_step(parameters(), rows, quant::reals_of(weight_gradient), {rates.lr, rates.lr_minmax}, next);
    return;
  }
  const bool ranges = min_scale_.defined();
  quant::accumulate_gradients(parameters(), rows, quant::reals_of(weight_gradient), true,
                              {gradients_[0].data_ptr<float>(), ranges ? gradients_[1].data_ptr<float>() : nullptr,
                               ranges ? gradients_[2].data_ptr<float>() : nullptr});
  step_with_buffers(rows, rates);
  quant::fake_quant(parameters(), rows, next);
}

void RoundingLayer::step_with_buffers(quant::RowRange rows, const StepRates& rates) {
  const std::array<at::Tensor*, 3> parameters{&value_, &min_scale_, &max_scale_};
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    const int64_t width = parameters[i]->size(1);
    const int64_t at = rows.begin * width;
    const int64_t n = (rows.end - rows.begin) * width;
    float* p = parameters[i]->data_ptr<float>() + at;
    const float* g = gradients_[i].data_ptr<float>() + at;
    const float lr = i == 0 ? rates.lr : rates.lr_minmax;
    float* first = first_[i].data_ptr<float>() + at;
    if (options_.optimizer == Optimizer::kAdamW) {
      quant::adamw_step(p, g, {first, second_[i].data_ptr<float>() + at}, n, lr, rates.step);
    } else {
      quant::sign_descent_momentum(p, g, first, n, lr, static_cast<float>(options_.momentum));
    }
  }
}

void RoundingLayer::snapshot(quant::RowRange rows) { quant::finish(parameters(), rows, best_.view()); }

quant::QuantizedWeight RoundingLayer::result(bool has_snapshot) {
  if (!has_snapshot) {
    quant::IntTuning untouched{grid_, quant::reals_of(source_)};
    untouched.range_min = range_min_.data_ptr<float>();
    untouched.range_max = range_max_.data_ptr<float>();
    quant::finish(untouched, {0, grid_.rows}, best_.view());
  }
  return best_.to_weight(linear_->scheme, linear_->weight.size(0), linear_->weight.size(1), grid_.scale_type);
}

}  // namespace ar::tune
