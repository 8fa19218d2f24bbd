#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ar/cpp/error.hpp"
#include "ar/tensor.h"

namespace ar {

/// Name as safetensors spells it ("U8", "BF16"); "?" for a number this header does not know.
inline const char* dtype_name(ar_dtype dtype) noexcept {
  static const char* const kNames[] = {"?",   "BOOL", "U8",      "I8",      "I16",     "I32", "I64", "F16", "BF16",
                                       "F32", "F64",  "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4",  "U16", "U32", "U64"};
  return dtype >= AR_DTYPE_BOOL && dtype <= AR_DTYPE_U64 ? kNames[dtype] : "?";
}

/// Bytes of one element as it crosses the boundary (sub-byte types travel one code a byte); 0 when unknown.
inline std::size_t dtype_bytes(ar_dtype dtype) noexcept {
  static const unsigned char kBytes[] = {0, 1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 1, 1, 1, 1, 2, 4, 8};
  return dtype >= AR_DTYPE_BOOL && dtype <= AR_DTYPE_U64 ? kBytes[dtype] : 0;
}

/// A run of elements: what C++20 calls a span.
template <typename T>
struct Elements {
  const T* first = nullptr;
  std::size_t count = 0;

  const T* begin() const noexcept { return first; }
  const T* end() const noexcept { return first + count; }
  std::size_t size() const noexcept { return count; }
  const T& operator[](std::size_t i) const noexcept { return first[i]; }
};

/// Typed, checked access to a borrowed ar_tensor. Copying it copies nothing but the pointer.
class TensorView {
 public:
  explicit TensorView(const ar_tensor& tensor) noexcept : tensor_(&tensor) {}

  const char* name() const noexcept { return tensor_->name; }
  ar_dtype dtype() const noexcept { return tensor_->dtype; }
  int32_t ndim() const noexcept { return tensor_->view.ndim; }
  std::vector<int64_t> shape() const { return {tensor_->view.shape, tensor_->view.shape + ndim()}; }
  const ar_tensor& raw() const noexcept { return *tensor_; }
  const void* bytes() const noexcept { return tensor_->view.data; }

  int64_t size(int32_t dim) const {
    if (dim < 0 || dim >= ndim())
      throw Error(AR_INVALID_ARGUMENT, label() + " has no dimension " + std::to_string(dim));
    return tensor_->view.shape[dim];
  }
  std::size_t numel() const noexcept {
    std::size_t n = 1;
    for (int32_t i = 0; i < ndim(); ++i) n *= static_cast<std::size_t>(tensor_->view.shape[i]);
    return n;
  }
  std::size_t n_bytes() const noexcept { return numel() * dtype_bytes(dtype()); }

  /// All elements, row by row. T must have the size of one element: float for F32, uint16_t for the bits of F16 and
  /// BF16, uint8_t for every one-byte type.
  template <typename T>
  Elements<T> elements() const {
    if (sizeof(T) != dtype_bytes(dtype())) {
      throw Error(AR_INVALID_ARGUMENT, label() + " has elements of type " + dtype_name(dtype()) + ", which are not " +
                                           std::to_string(sizeof(T)) + " bytes wide");
    }
    return {static_cast<const T*>(bytes()), numel()};
  }

  /// The same after a check of the element type: elements<float>(AR_DTYPE_F32).
  template <typename T>
  Elements<T> elements(ar_dtype expected) const {
    require_dtype(expected);
    return elements<T>();
  }

  const TensorView& require_dtype(ar_dtype expected) const {
    if (dtype() == expected) return *this;
    throw Error(AR_INVALID_ARGUMENT,
                label() + " has elements of type " + dtype_name(dtype()) + ", expected " + dtype_name(expected));
  }
  const TensorView& require_shape(const std::vector<int64_t>& expected) const {
    if (shape() == expected) return *this;
    throw Error(AR_INVALID_ARGUMENT, label() + " has shape " + text(shape()) + ", expected " + text(expected));
  }

 private:
  std::string label() const { return std::string("tensor '") + name() + "'"; }
  static std::string text(const std::vector<int64_t>& shape) {
    std::string s = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) s += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return s + "]";
  }

  const ar_tensor* tensor_;
};

}  // namespace ar
