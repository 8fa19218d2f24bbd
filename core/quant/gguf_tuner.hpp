#pragma once

#include <vector>

#include "core/quant/data_type.hpp"
#include "core/quant/gguf_planes.hpp"
#include "core/quant/gguf_tuning.hpp"

namespace ar::quant {

/// Trains the K types of GGUF: the kernels of gguf_tuning.hpp on buffers of its own.
class KTuner final : public WeightTuner {
 public:
  KTuner(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options);

  int64_t rows() const override { return grid_.rows; }
  int64_t columns() const override { return grid_.cols; }
  std::vector<TunedBuffer> buffers() override;
  void start(RowRange rows) override;
  void fake_quant(RowRange rows, tensor::Reals wq) override;
  void sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) override;
  void accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                            const std::vector<float*>& gradients) override;
  void snapshot(RowRange rows) override;
  QuantizedWeight result(bool has_snapshot) override;

 private:
  KTuning parameters();
  KTuning untouched();

  Scheme scheme_;
  KGrid grid_;
  at::Tensor source_;                         // [out, in] tuning dtype
  at::Tensor range_min_, range_max_;          // [rows, groups]
  at::Tensor value_, min_scale_, max_scale_;  // [rows, cols], [rows, groups]; the last two undefined when not trained
  KPlaneStore best_;
};

}  // namespace ar::quant
