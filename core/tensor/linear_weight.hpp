#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace ar::tensor {

/// The matrix of a linear layer, ready for the products with it: y = x W^T, and dx = dy W where asked for. Keeps
/// copies in the order in which the processor's pair products read them, else leaves the work to LibTorch.
class LinearWeight {
 public:
  LinearWeight() = default;
  /// w [out, in], contiguous; its memory is shared, so that a writer can change it and refresh.
  LinearWeight(const at::Tensor& w, bool with_backward);

  const at::Tensor& values() const { return values_; }
  /// Rows begin .. end of the values changed; begin a multiple of kPanel. [any] on disjoint rows.
  void refresh(int64_t begin, int64_t end);

  /// x [n, in] in the dtype of w -> [n, out] float32.
  at::Tensor forward(const at::Tensor& x) const;
  /// dy [n, out] -> [n, in] float32.
  at::Tensor backward(const at::Tensor& dy) const;

 private:
  at::Tensor values_;
  at::Tensor by_out_, by_in_;  // panels of the columns of W^T and of W; undefined: LibTorch
};

}  // namespace ar::tensor
