#pragma once

#include <vector>

#include "core/quant/data_type.hpp"
#include "core/quant/float_planes.hpp"
#include "core/quant/float_tuning.hpp"

namespace ar::quant {

/// Trains floating point weights: the kernels of float_tuning.hpp on buffers of its own.
class FloatTuner final : public WeightTuner {
 public:
  FloatTuner(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options);

  int64_t rows() const override { return grid_.rows; }
  int64_t columns() const override { return grid_.cols; }
  int64_t row_step() const override { return grid_.group_rows; }
  std::vector<TunedBuffer> buffers() override;
  void start(RowRange rows) override;
  void fake_quant(RowRange rows, tensor::Reals wq) override;
  void sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) override;
  void accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                            const std::vector<float*>& gradients) override;
  void snapshot(RowRange rows) override;
  QuantizedWeight result(bool has_snapshot) override;

 private:
  FloatTuning parameters();
  FloatTuning untouched();

  Scheme scheme_;
  FloatGrid grid_;
  at::Tensor source_;             // [out, in] tuning dtype
  at::Tensor amax_;               // [bands, groups]
  at::Tensor value_, max_scale_;  // [rows, cols], [bands, groups]; the last undefined when not trained
  float global_scale_;
  FloatPlaneStore best_;
};

/// ScaleRule::kNv: the given scale of the tensor, else the weight's own (data_types.md 6.1). Other rules: 0.
float global_scale_for(const FloatGrid& grid, const at::Tensor& weight, const QuantizeOptions& options);

}  // namespace ar::quant
