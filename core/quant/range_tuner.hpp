#pragma once

#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/quant/data_type.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/planes.hpp"

namespace ar::quant {

/// Trains offsets and the range of every group, on buffers of its own. Kind names the kernels' types (Grid, Tuning), the
/// storage of their result (Store) and its Search, and says which groups have ranges (`groups`) and what exporters get
/// (`weight`). A search that is active finds the scales before the first step and fixes them: offsets alone are trained.
template <typename Kind>
class RangeTuner final : public WeightTuner {
 public:
  RangeTuner(const at::Tensor& weight, const Scheme& scheme, const typename Kind::Grid& grid,
             const QuantizeOptions& options)
      : scheme_(scheme),
        grid_(grid),
        groups_(Kind::groups(grid)),
        source_(weight.contiguous()),
        search_(grid, options),
        best_(grid) {
    const auto f32 = at::TensorOptions(at::kFloat);
    range_min_ = at::empty({grid_.rows, groups_.groups()}, f32);
    range_max_ = at::empty({grid_.rows, groups_.groups()}, f32);
    value_ = at::zeros({grid_.rows, grid_.cols}, f32);
    if (!options.minmax_tuning || search_.active()) return;
    min_scale_ = at::ones({grid_.rows, groups_.groups()}, f32);
    max_scale_ = at::ones({grid_.rows, groups_.groups()}, f32);
  }

  int64_t rows() const override { return grid_.rows; }
  int64_t columns() const override { return grid_.cols; }

  std::vector<TunedBuffer> buffers() override {
    std::vector<TunedBuffer> all{{value_.template data_ptr<float>(), grid_.cols, false}};
    if (min_scale_.defined()) {
      all.push_back({min_scale_.template data_ptr<float>(), groups_.groups(), true});
      all.push_back({max_scale_.template data_ptr<float>(), groups_.groups(), true});
    }
    return all;
  }

  void start(RowRange rows) override {
    if (search_.active()) return search_.find(reals_of(source_), rows);
    group_ranges(groups_, reals_of(source_), rows, range_min_.template data_ptr<float>(),
                 range_max_.template data_ptr<float>());
  }
  void fake_quant(RowRange rows, tensor::Reals wq) override { quant::fake_quant(parameters(), rows, wq); }
  void sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) override {
    quant::sign_step(parameters(), rows, dwq, step, wq_next);
  }
  void accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                            const std::vector<float*>& gradients) override {
    const bool ranges = min_scale_.defined();
    quant::accumulate_gradients(parameters(), rows, dwq, first,
                                {gradients[0], ranges ? gradients[1] : nullptr, ranges ? gradients[2] : nullptr});
  }
  void snapshot(RowRange rows) override { finish(parameters(), rows, best_.view()); }

  QuantizedWeight result(bool has_snapshot) override {
    if (!has_snapshot) finish(untouched(), {0, grid_.rows}, best_.view());
    return Kind::weight(best_, scheme_, grid_, source_);
  }

 private:
  typename Kind::Tuning untouched() {
    typename Kind::Tuning p{grid_, reals_of(source_)};
    p.range_min = range_min_.template data_ptr<float>();
    p.range_max = range_max_.template data_ptr<float>();
    if (search_.active()) search_.give(p);
    return p;
  }
  typename Kind::Tuning parameters() {
    typename Kind::Tuning p = untouched();
    p.value = value_.template data_ptr<float>();
    if (min_scale_.defined()) {
      p.min_scale = min_scale_.template data_ptr<float>();
      p.max_scale = max_scale_.template data_ptr<float>();
    }
    return p;
  }

  Scheme scheme_;
  typename Kind::Grid grid_;
  IntGrid groups_;                            // whose ranges are trained
  at::Tensor source_;                         // [out, in] tuning dtype
  at::Tensor range_min_, range_max_;          // [rows, groups]
  at::Tensor value_, min_scale_, max_scale_;  // [rows, cols], [rows, groups]; the last two undefined when not trained
  typename Kind::Search search_;
  typename Kind::Store best_;
};

}  // namespace ar::quant
