#include "core/quant/gguf_tuner.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/quant/planes.hpp"

namespace ar::quant {

KTuner::KTuner(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options)
    : scheme_(scheme),
      grid_(make_k_grid(scheme, weight.size(0), weight.size(1))),
      source_(weight.contiguous()),
      best_(grid_) {
  const auto f32 = at::TensorOptions(at::kFloat);
  const int64_t groups = grid_.cols / grid_.group();
  range_min_ = at::empty({grid_.rows, groups}, f32);
  range_max_ = at::empty({grid_.rows, groups}, f32);
  value_ = at::zeros({grid_.rows, grid_.cols}, f32);
  if (!options.minmax_tuning) return;
  min_scale_ = at::ones({grid_.rows, groups}, f32);
  max_scale_ = at::ones({grid_.rows, groups}, f32);
}

KTuning KTuner::untouched() {
  KTuning p{grid_, reals_of(source_)};
  p.range_min = range_min_.data_ptr<float>();
  p.range_max = range_max_.data_ptr<float>();
  return p;
}

KTuning KTuner::parameters() {
  KTuning p = untouched();
  p.value = value_.data_ptr<float>();
  if (min_scale_.defined()) {
    p.min_scale = min_scale_.data_ptr<float>();
    p.max_scale = max_scale_.data_ptr<float>();
  }
  return p;
}

std::vector<TunedBuffer> KTuner::buffers() {
  std::vector<TunedBuffer> all{{value_.data_ptr<float>(), grid_.cols, false}};
  if (min_scale_.defined()) {
    all.push_back({min_scale_.data_ptr<float>(), grid_.cols / grid_.group(), true});
    all.push_back({max_scale_.data_ptr<float>(), grid_.cols / grid_.group(), true});
  }
  return all;
}

void KTuner::start(RowRange rows) {
  group_ranges(group_grid(grid_), reals_of(source_), rows, range_min_.data_ptr<float>(), range_max_.data_ptr<float>());
}

void KTuner::fake_quant(RowRange rows, tensor::Reals wq) { quant::fake_quant(parameters(), rows, wq); }

void KTuner::sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  quant::sign_step(parameters(), rows, dwq, step, wq_next);
}

void KTuner::accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                                  const std::vector<float*>& gradients) {
  const bool ranges = min_scale_.defined();
  quant::accumulate_gradients(parameters(), rows, dwq, first,
                              {gradients[0], ranges ? gradients[1] : nullptr, ranges ? gradients[2] : nullptr});
}

void KTuner::snapshot(RowRange rows) { finish(parameters(), rows, best_.view()); }

QuantizedWeight KTuner::result(bool has_snapshot) {
  if (!has_snapshot) finish(untouched(), {0, grid_.rows}, best_.view());
  return best_.to_weight(scheme_);
}

}  // namespace ar::quant
