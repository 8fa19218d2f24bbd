#include "core/quant/int_tuner.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace ar::quant {

IntTuner::IntTuner(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options)
    : scheme_(scheme),
      grid_(make_grid(scheme, weight.size(0), weight.size(1), options.scale_type)),
      source_(weight.contiguous()),
      best_(grid_) {
  const auto f32 = at::TensorOptions(at::kFloat);
  range_min_ = at::empty({grid_.rows, grid_.groups()}, f32);
  range_max_ = at::empty({grid_.rows, grid_.groups()}, f32);
  value_ = at::zeros({grid_.rows, grid_.cols}, f32);
  if (!options.minmax_tuning) return;
  min_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
  max_scale_ = at::ones({grid_.rows, grid_.groups()}, f32);
}

IntTuning IntTuner::untouched() {
  IntTuning p{grid_, reals_of(source_)};
  p.range_min = range_min_.data_ptr<float>();
  p.range_max = range_max_.data_ptr<float>();
  return p;
}

IntTuning IntTuner::parameters() {
  IntTuning p = untouched();
  p.value = value_.data_ptr<float>();
  if (min_scale_.defined()) {
    p.min_scale = min_scale_.data_ptr<float>();
    p.max_scale = max_scale_.data_ptr<float>();
  }
  return p;
}

std::vector<TunedBuffer> IntTuner::buffers() {
  std::vector<TunedBuffer> all{{value_.data_ptr<float>(), grid_.cols, false}};
  if (min_scale_.defined()) {
    all.push_back({min_scale_.data_ptr<float>(), grid_.groups(), true});
    all.push_back({max_scale_.data_ptr<float>(), grid_.groups(), true});
  }
  return all;
}

void IntTuner::start(RowRange rows) {
  group_ranges(grid_, reals_of(source_), rows, range_min_.data_ptr<float>(), range_max_.data_ptr<float>());
}

void IntTuner::fake_quant(RowRange rows, tensor::Reals wq) { quant::fake_quant(parameters(), rows, wq); }

void IntTuner::sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  quant::sign_step(parameters(), rows, dwq, step, wq_next);
}

void IntTuner::accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                                    const std::vector<float*>& gradients) {
  const bool ranges = min_scale_.defined();
  quant::accumulate_gradients(parameters(), rows, dwq, first,
                              {gradients[0], ranges ? gradients[1] : nullptr, ranges ? gradients[2] : nullptr});
}

void IntTuner::snapshot(RowRange rows) { finish(parameters(), rows, best_.view()); }

QuantizedWeight IntTuner::result(bool has_snapshot) {
  if (!has_snapshot) finish(untouched(), {0, grid_.rows}, best_.view());
  return best_.to_weight(scheme_, source_.size(0), source_.size(1), grid_.scale_type);
}

}  // namespace ar::quant
