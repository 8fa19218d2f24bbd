#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/tensor.h"

namespace ar::tensor {

/// The ar_dtype of a LibTorch element type. Fails naming the type when there is none.
ar_dtype boundary_dtype(at::ScalarType type);
/// The LibTorch element type of an ar_dtype; types below one byte come as at::kByte.
at::ScalarType torch_dtype(ar_dtype dtype);

/// What a plugin sees of a tensor: CPU, row-major, contiguous. Copies the data only when it is not so already.
class View {
 public:
  View(std::string name, const at::Tensor& tensor);
  /// Announces the bytes of `tensor` as another element type of the same size (four-bit codes, one a byte).
  View(std::string name, const at::Tensor& tensor, ar_dtype dtype);

  /// Borrowed: valid as long as this object stays where it is.
  ar_tensor raw() const;

 private:
  std::string name_;
  at::Tensor tensor_;
  ar_dtype dtype_;
};

/// A tensor in memory of its own from the bytes a plugin wrote. Fails when their number does not fit the shape.
at::Tensor from_bytes(const std::string& name, ar_dtype dtype, const std::vector<int64_t>& shape, const void* bytes,
                      std::size_t n_bytes);

}  // namespace ar::tensor
