#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/int_grid.hpp"
#include "core/quant/quantized_weight.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

/// A data type quantizes one matrix [out, in]: to nearest, by search, or under training. One implementation a file;
/// the rest of the program reaches them through find_data_type alone.
namespace ar::quant {

/// What a data type may want to know beside the weight and its scheme.
struct QuantizeOptions {
  bool search = false;           // search the scale, where the type has a search: optimized RTN, tuning of GGUF's asymmetric and K types
  at::Tensor importance;         // [in] f32, weights of the columns' squared errors; undefined: none
  double search_ratio = 0.75;    // AR_SEARCH_SCALE_RATIO
  ScaleType scale_type = ScaleType::kF16;
  at::ScalarType dtype = at::ScalarType::BFloat16;  // the weight is rounded to it first; float32 with --disable_amp
  std::optional<float> global_scale;  // NVFP4: shared by fused siblings; unset: the matrix's own
  bool from_data = false;        // GGUF types: everything in float32, elements rounded once, as llama.cpp does
  bool minmax_tuning = true;     // tuners: train the range factors
};

/// The importance that options give for a matrix of so many columns, checked; null when they give none, or ask for no
/// search.
const float* checked_importance(const QuantizeOptions& options, int64_t columns);

/// A trained buffer of a tuner, float32: V is [rows(), width]; range factors are [rows() / row_step() rounded up, width].
struct TunedBuffer {
  float* data;
  int64_t width;
  bool range;  // moves with lr_minmax
};

/// The trainable quantizer of one linear layer: rounding offset V, range factors, and the best iterate kept as what it
/// decides. Methods that take a range are [any] on disjoint ranges that begin at multiples of row_step() (the last may
/// be shorter); they allocate nothing, and their bytes depend neither on the cut nor on the thread. Others [serial].
/// Tile pointers (wq, dwq) address the first element of row rows.begin; rows follow each other without gaps.
class WeightTuner {
 public:
  virtual ~WeightTuner() = default;
  virtual int64_t rows() const = 0;  // of the matrix, or 1 for a group that spans the tensor
  virtual int64_t columns() const = 0;
  virtual int64_t row_step() const { return 1; }
  /// V first, then the range factors that are trained.
  virtual std::vector<TunedBuffer> buffers() = 0;
  /// Statistics of the untouched weight; before anything else, once for every row.
  virtual void start(RowRange rows) = 0;
  /// Quantize-dequantize with the current parameters, rounded to the tuning dtype. Clamps range factors first.
  virtual void fake_quant(RowRange rows, tensor::Reals wq) = 0;
  /// Backward and one SignSGD step in one pass: each parameter moves by its rate against the sign of its gradient (zero
  /// and NaN: not at all). wq_next, when not null, receives fake_quant of the new parameters; it may not overlap dwq.
  virtual void sign_step(RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) = 0;
  /// Backward alone, into buffers laid out as buffers(). `first` overwrites, else adds.
  virtual void accumulate_gradients(RowRange rows, tensor::ConstReals dwq, bool first,
                                    const std::vector<float*>& gradients) = 0;
  /// Keeps what the current parameters decide.
  virtual void snapshot(RowRange rows) = 0;
  /// The last snapshot; without one (every loss was NaN) plain rounding.
  virtual QuantizedWeight result(bool has_snapshot) = 0;
};

class DataType {
 public:
  virtual ~DataType() = default;
  virtual bool handles(const Scheme& scheme) const = 0;
  /// Rounds a weight [out, in] of any float type, plainly or with the type's search; parallel over rows. [any]
  virtual QuantizedWeight round(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) const = 0;
  /// [out, in] in float32 or bfloat16. [any]
  virtual at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype) const = 0;
  /// `weight`: tuning dtype (bfloat16 or float32), contiguous; kept by the tuner.
  virtual std::unique_ptr<WeightTuner> tuner(const at::Tensor& weight, const Scheme& scheme,
                                             const QuantizeOptions& options) const = 0;
  /// Whether tuning gets further from scales that a search has found, with `search` and `importance` set, than from ranges.
  virtual bool tunes_from_search(const Scheme& /*scheme*/, ScaleType /*scale_type*/) const { return false; }
};

/// The type that quantizes weights of this scheme; null when the program has none.
const DataType* find_data_type(const Scheme& scheme);

/// As find_data_type, but refuses (exit 2).
const DataType& data_type(const Scheme& scheme);

/// DataType::round of the scheme's type. [any]
QuantizedWeight quantize(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options = {});
/// DataType::dequantize of the weight's type. [any]
at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype);

}  // namespace ar::quant
