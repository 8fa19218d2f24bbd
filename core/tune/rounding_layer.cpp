#include "core/tune/rounding_layer.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/quant/optimizer.hpp"
#include "core/quant/planes.hpp"

namespace ar::tune {
namespace {

quant::QuantizeOptions with_ranges(quant::QuantizeOptions options, bool minmax_tuning) {
  options.minmax_tuning = minmax_tuning;
  return options;
}

tensor::Reals from_element(const at::Tensor& t, int64_t element) {
  const tensor::Reals all = quant::mutable_reals_of(t);
  return {static_cast<char*>(all.data) + element * t.element_size(), all.type};
}

}  // namespace

RoundingLayer::RoundingLayer(const StageLinear& linear, const TuneOptions& options, at::ScalarType compute)
    : options_(options),
      tuner_(quant::data_type(linear.scheme)
                 .tuner(linear.weight, linear.scheme, with_ranges(linear.quantize, options.minmax_tuning))),
      weight_q_(at::empty(linear.weight.sizes(), linear.weight.options().dtype(compute))) {
  if (options.optimizer == Optimizer::kSignSgd && options.momentum == 0.0) return;
  for (const quant::TunedBuffer& parameter : tuner_->buffers()) {
    const auto like = [&] { return at::zeros({tuner_->rows(), parameter.width}, at::kFloat); };
    const bool adamw = options.optimizer == Optimizer::kAdamW;
    moments_.push_back({parameter, like(), like(), adamw ? like() : at::Tensor()});
    gradients_.push_back(moments_.back().gradient.data_ptr<float>());
  }
}

void RoundingLayer::start(quant::RowRange rows) {
  tuner_->start(rows);
  tuner_->fake_quant(rows, from_element(weight_q_, rows.begin * columns()));
}

void RoundingLayer::step(quant::RowRange rows, const at::Tensor& weight_gradient, const StepRates& rates) {
  const tensor::Reals next = from_element(weight_q_, rows.begin * columns());
  if (moments_.empty()) {
    tuner_->sign_step(rows, quant::reals_of(weight_gradient), {rates.lr, rates.lr_minmax}, next);
    return;
  }
  tuner_->accumulate_gradients(rows, quant::reals_of(weight_gradient), true, gradients_);
  step_with_buffers(rows, rates);
  tuner_->fake_quant(rows, next);
}

void RoundingLayer::step_with_buffers(quant::RowRange rows, const StepRates& rates) {
  const int64_t step = tuner_->row_step();
  for (Moments& m : moments_) {
    // A range factor of a block of row_step() rows is kept once, in the row of the block.
    const int64_t begin = rows.begin / step * m.parameter.width * (m.parameter.range ? 1 : step);
    const int64_t n = m.parameter.range ? (rows.end - rows.begin + step - 1) / step * m.parameter.width
                                        : (rows.end - rows.begin) * m.parameter.width;
    float* p = m.parameter.data + begin;
    const float* g = m.gradient.data_ptr<float>() + begin;
    const float lr = m.parameter.range ? rates.lr_minmax : rates.lr;
    float* first = m.first.data_ptr<float>() + begin;
    if (options_.optimizer == Optimizer::kAdamW) {
      quant::adamw_step(p, g, {first, m.second.data_ptr<float>() + begin}, n, lr, rates.step);
    } else {
      quant::sign_descent_momentum(p, g, first, n, lr, static_cast<float>(options_.momentum));
    }
  }
}

}  // namespace ar::tune
