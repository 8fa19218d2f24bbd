#include "core/tune/rounding_layer.hpp"

#include <array>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/quant/optimizer.hpp"
#include "core/tune/reals.hpp"

namespace ar::tune {

RoundingLayer::RoundingLayer(const StageLinear& linear, const TuneOptions& options, at::ScalarType compute)
    : linear_(&linear),
      options_(options),
      grid_(quant::make_grid(linear.scheme, linear.weight.size(0), linear.weight.size(1), linear.scale_type)),
      source_(linear.weight.contiguous()) {
  const auto f32 = at::TensorOptions(at::kFloat);
  weight_q_ = at::empty(source_.sizes(), source_.options().dtype(compute));
  range_min_ = at::empty({grid_.rows, grid_.groups()}, f32);
  range_max_ = at::empty({grid_.rows, grid_.groups()}, f32);
  value_ = at::zeros({grid_.rows, grid_.cols}, f32);
  if (options.minmax_tuning) {
    min_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
    max_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
  }
  codes_ = at::empty({grid_.rows, grid_.cols}, at::kByte);
  scale_ = at::empty({grid_.rows, grid_.groups()}, f32);
  if (!grid_.sym) zero_point_ = at::empty({grid_.rows, grid_.groups()}, f32);
  if (options.optimizer == Optimizer::kSignSgd && options.momentum == 0.0) return;
  for (const at::Tensor& p : {value_, min_scale_, max_scale_}) {
    if (!p.defined()) continue;
    gradients_.push_back(at::empty(p.sizes(), f32));
    first_.push_back(at::zeros(p.sizes(), f32));
    if (options.optimizer == Optimizer::kAdamW) second_.push_back(at::zeros(p.sizes(), f32));
  }
}

quant::IntTuning RoundingLayer::parameters() {
  quant::IntTuning p{grid_, reals(source_)};
  p.range_min = range_min_.data_ptr<float>();
  p.range_max = range_max_.data_ptr<float>();
  p.value = value_.data_ptr<float>();
  if (min_scale_.defined()) {
    p.min_scale = min_scale_.data_ptr<float>();
    p.max_scale = max_scale_.data_ptr<float>();
  }
  return p;
}

quant::IntPlanes RoundingLayer::planes() {
  return {codes_.data_ptr<uint8_t>(), scale_.data_ptr<float>(),
          zero_point_.defined() ? zero_point_.data_ptr<float>() : nullptr};
}

void RoundingLayer::start(quant::RowRange rows) {
  quant::group_ranges(grid_, reals(source_), rows, range_min_.data_ptr<float>(), range_max_.data_ptr<float>());
  quant::fake_quant(parameters(), rows, mutable_reals(weight_q_, rows.begin * grid_.cols));
}

void RoundingLayer::step(quant::RowRange rows, const at::Tensor& weight_gradient, const StepRates& rates) {
  const tensor::Reals next = mutable_reals(weight_q_, rows.begin * grid_.cols);
  if (gradients_.empty()) {
    quant::sign_step(parameters(), rows, reals(weight_gradient), {rates.lr, rates.lr_minmax}, next);
    return;
  }
  const bool ranges = min_scale_.defined();
  quant::accumulate_gradients(parameters(), rows, reals(weight_gradient), true,
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

void RoundingLayer::snapshot(quant::RowRange rows) { quant::finish(parameters(), rows, planes()); }

quant::QuantizedWeight RoundingLayer::result(bool has_snapshot) {
  if (!has_snapshot) {
    quant::IntTuning untouched{grid_, reals(source_)};
    untouched.range_min = range_min_.data_ptr<float>();
    untouched.range_max = range_max_.data_ptr<float>();
    quant::finish(untouched, {0, grid_.rows}, planes());
  }
  quant::QuantizedWeight q;
  q.scheme = linear_->scheme;
  q.out = linear_->weight.size(0);
  q.in = linear_->weight.size(1);
  q.codes = codes_.view({q.out, q.in});
  q.scale = scale_.to(stored_scale_dtype(grid_.scale_type));
  q.zero_point = zero_point_;
  if (linear_->scheme.group_size == 0) {
    q.scale = q.scale.view({1});
    if (q.zero_point.defined()) q.zero_point = q.zero_point.view({1});
  }
  return q;
}

}  // namespace ar::tune
