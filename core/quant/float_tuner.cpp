#include "core/quant/float_tuner.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/quant/float_scale.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "core/quant/planes.hpp"

namespace ar::quant {

float global_scale_for(const FloatGrid& grid, const at::Tensor& weight, const QuantizeOptions& options) {
  if (grid.kind.rule != ScaleRule::kNv) return 0.0f;
  return options.global_scale ? *options.global_scale : nv_global_scale(weight);
}

FloatTuner::FloatTuner(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options)
    : scheme_(scheme),
      grid_(weight_grid(scheme, weight.size(0), weight.size(1))),
      source_(weight.contiguous()),
      global_scale_(global_scale_for(grid_, source_, options)),
      best_(grid_) {
  amax_ = at::empty({grid_.bands(), grid_.groups()}, at::kFloat);
  value_ = at::zeros({grid_.rows, grid_.cols}, at::kFloat);
  if (options.minmax_tuning) max_scale_ = at::ones({grid_.bands(), grid_.groups()}, at::kFloat);
}

FloatTuning FloatTuner::untouched() {
  FloatTuning p{grid_, reals_of(source_)};
  p.amax = amax_.const_data_ptr<float>();
  p.global_scale = global_scale_;
  return p;
}

FloatTuning FloatTuner::parameters() {
  FloatTuning p = untouched();
  p.value = value_.mutable_data_ptr<float>();
  if (max_scale_.defined()) p.max_scale = max_scale_.mutable_data_ptr<float>();
  return p;
}

std::vector<TunedBuffer> FloatTuner::buffers() {
  std::vector<TunedBuffer> all{{value_.mutable_data_ptr<float>(), grid_.cols, false}};
  if (max_scale_.defined()) all.push_back({max_scale_.mutable_data_ptr<float>(), grid_.groups(), true});
  return all;
}

void FloatTuner::start(RowRange rows) { group_amax(grid_, reals_of(source_), rows, amax_.mutable_data_ptr<float>()); }

void FloatTuner::fake_quant(RowRange rows, tensor::Reals wq) { quant::fake_quant(parameters(), rows, wq); }

void FloatTuner::sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  quant::sign_step(parameters(), rows, dwq, step, wq_next);
}

void FloatTuner::accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                                      const std::vector<float*>& gradients) {
  quant::accumulate_gradients(parameters(), rows, dwq, first,
                              {gradients[0], max_scale_.defined() ? gradients[1] : nullptr});
}

void FloatTuner::snapshot(RowRange rows) { finish(parameters(), rows, best_.view()); }

QuantizedWeight FloatTuner::result(bool has_snapshot) {
  if (!has_snapshot) finish(untouched(), {0, grid_.rows}, best_.view());
  return best_.to_weight(scheme_, source_.size(0), source_.size(1), global_scale_);
}

}  // namespace ar::quant
