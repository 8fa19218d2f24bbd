#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/int_tuning.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/quantized_weight.hpp"
#include "core/tune/options.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// The rates of one optimizer step.
struct StepRates {
  float lr;
  float lr_minmax;
  int64_t step;  // counted from 1
};

/// A linear layer with a trainable rounding offset V and range factors a, b: their buffers, the fake-quantized weight
/// they give, and the best iterate kept as codes. Rows are independent: methods that take a range are [any] on disjoint
/// ranges; the others [serial].
class RoundingLayer {
 public:
  RoundingLayer(const StageLinear& linear, const TuneOptions& options, at::ScalarType compute);
  RoundingLayer(RoundingLayer&&) = default;

  /// Rows that may be handled apart: the matrix, or one row for a group that spans the tensor.
  int64_t rows() const { return grid_.rows; }
  int64_t columns() const { return grid_.cols; }
  const at::Tensor& weight() const { return weight_q_; }  // [out, in] in the compute dtype

  /// Group ranges and the first fake-quantized weight.
  void start(quant::RowRange rows);
  /// One optimizer step from dW of these rows (float32 or bfloat16, contiguous), then the next fake-quantized weight.
  void step(quant::RowRange rows, const at::Tensor& weight_gradient, const StepRates& rates);
  /// Keeps the current parameters' codes, scales and zero points of these rows.
  void snapshot(quant::RowRange rows);
  /// The last snapshot, or plain rounding when there was none (every loss was NaN).
  quant::QuantizedWeight result(bool has_snapshot);

 private:
  quant::IntTuning parameters();
  void step_with_buffers(quant::RowRange rows, const StepRates& rates);

  const StageLinear* linear_;
  TuneOptions options_;
  quant::IntGrid grid_;
  at::Tensor source_;    // [out, in] tuning dtype
  at::Tensor weight_q_;
  at::Tensor range_min_, range_max_;  // [out, G]
  at::Tensor value_, min_scale_, max_scale_;
  quant::PlaneStore best_;
  std::vector<at::Tensor> gradients_, first_, second_;  // of value, min_scale, max_scale; momentum and AdamW only
};

}  // namespace ar::tune
