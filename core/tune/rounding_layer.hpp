#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/data_type.hpp"
#include "core/tune/options.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// The rates of one optimizer step.
struct StepRates {
  float lr;
  float lr_minmax;
  int64_t step;  // counted from 1
};

/// A linear layer under training: the tuner of its data type, the fake-quantized weight it gives, and the state of
/// optimizers other than plain SignSGD. Methods that take a range are [any] on disjoint ranges that begin at multiples
/// of row_step(); the others [serial].
class RoundingLayer {
 public:
  RoundingLayer(const StageLinear& linear, const TuneOptions& options, at::ScalarType compute);
  RoundingLayer(RoundingLayer&&) = default;

  /// Rows that may be handled apart: the matrix, or one row for a group that spans the tensor.
  int64_t rows() const { return tuner_->rows(); }
  int64_t columns() const { return tuner_->columns(); }
  int64_t row_step() const { return tuner_->row_step(); }
  const at::Tensor& weight() const { return weight_q_; }  // [out, in] in the compute dtype

  /// Statistics of the weight and the first fake-quantized weight.
  void start(quant::RowRange rows);
  /// One optimizer step from dW of these rows (float32 or bfloat16, contiguous), then the next fake-quantized weight.
  void step(quant::RowRange rows, const at::Tensor& weight_gradient, const StepRates& rates);
  /// Keeps what the current parameters of these rows decide.
  void snapshot(quant::RowRange rows) { tuner_->snapshot(rows); }
  /// The last snapshot, or plain rounding when there was none (every loss was NaN).
  quant::QuantizedWeight result(bool has_snapshot) { return tuner_->result(has_snapshot); }

 private:
  struct Moments {
    quant::TunedBuffer parameter;
    at::Tensor gradient, first, second;  // as the parameter; second: AdamW only
  };
  void step_with_buffers(quant::RowRange rows, const StepRates& rates);

  TuneOptions options_;
  std::unique_ptr<quant::WeightTuner> tuner_;
  at::Tensor weight_q_;
  std::vector<Moments> moments_;  // momentum and AdamW only
  std::vector<float*> gradients_;
};

}  // namespace ar::tune
