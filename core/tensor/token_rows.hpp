#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace ar::tensor {

/// One row of numbers a token, for all samples of a micro-batch, kept in the compute dtype as an operand of a weight
/// gradient: a linear layer's inputs, or the gradients of its outputs.
class TokenRows {
 public:
  TokenRows() = default;
  TokenRows(int64_t samples, int64_t tokens, int64_t width, at::ScalarType compute);

  bool defined() const { return rows_.defined(); }
  int64_t width() const { return width_; }
  /// Keeps x [tokens, width], float32 and contiguous, as the rows of one sample. Returns them in the compute dtype.
  /// [any] on different samples.
  at::Tensor put(int64_t sample, const at::Tensor& x);

  /// Rows begin .. end of dW = dy^T x over the first `samples` samples, float32 [end - begin, width of x]; begin a
  /// multiple of kPanel.
  friend at::Tensor weight_gradient(const TokenRows& dy, int64_t begin, int64_t end, const TokenRows& x,
                                    int64_t samples);

 private:
  int64_t tokens_ = 0;
  int64_t width_ = 0;
  bool paired_ = false;
  at::Tensor rows_;  // [samples * tokens, width], or panels of pairs of tokens
};

at::Tensor weight_gradient(const TokenRows& dy, int64_t begin, int64_t end, const TokenRows& x, int64_t samples);

}  // namespace ar::tensor
