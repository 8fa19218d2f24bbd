#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ar/cpp/tensor_view.hpp"

namespace ar::formats {

inline uint32_t bits_of(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}
inline float float_of(uint32_t u) {
  float x;
  std::memcpy(&x, &u, sizeof x);
  return x;
}

inline float bf16_to_f32(uint16_t x) { return float_of(static_cast<uint32_t>(x) << 16U); }

inline float f16_to_f32(uint16_t x) {
  const uint32_t sign = static_cast<uint32_t>(x & 0x8000U) << 16U;
  const uint32_t magnitude = x & 0x7FFFU;
  if (magnitude >= 0x7C00U) return float_of(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13U);
  if (magnitude >= 0x0400U) return float_of(sign | (magnitude + 0x1C000U) << 13U);
  return float_of(sign | bits_of(static_cast<float>(magnitude) * 0x1p-24F));
}

/// Nearest float16, ties to even; infinity from 65520; a NaN stays one.
inline uint16_t f32_to_f16(float x) {
  const uint32_t u = bits_of(x);
  const auto sign = static_cast<uint16_t>((u >> 16U) & 0x8000U);
  const uint32_t magnitude = u & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x38800000U) {  // below 2^-14: adding 1/2 leaves multiples of 2^-24 in the low bits
    return static_cast<uint16_t>(sign | (bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F)));
  }
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13U) & 1U)) >> 13U));
}

/// Nearest bfloat16, ties to even; a NaN stays one.
inline uint16_t f32_to_bf16(float x) {
  const uint32_t u = bits_of(x);
  if ((u & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<uint16_t>((u >> 16U) | 0x40U);
  return static_cast<uint16_t>((u + 0x7FFFU + ((u >> 16U) & 1U)) >> 16U);
}

inline std::vector<uint16_t> to_bf16(Elements<float> values) {
  std::vector<uint16_t> result(values.size());
  for (size_t i = 0; i < result.size(); ++i) result[i] = f32_to_bf16(values[i]);
  return result;
}

[[noreturn]] inline void refuse_real(const TensorView& t) {
  throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + t.name() + "' has elements of type " +
                                       dtype_name(t.dtype()) + ", expected F16, BF16 or F32");
}

/// The elements of an F16, BF16 or F32 tensor. Throws naming the tensor for other types.
inline std::vector<float> to_f32(const TensorView& t) {
  std::vector<float> real(t.numel());
  if (t.dtype() == AR_DTYPE_F32) {
    if (!real.empty()) std::memcpy(real.data(), t.bytes(), t.n_bytes());
    return real;
  }
  if (t.dtype() != AR_DTYPE_F16 && t.dtype() != AR_DTYPE_BF16) refuse_real(t);
  std::vector<uint16_t> half(real.size());
  if (!half.empty()) std::memcpy(half.data(), t.bytes(), t.n_bytes());
  const bool f16 = t.dtype() == AR_DTYPE_F16;
  for (size_t i = 0; i < real.size(); ++i) real[i] = f16 ? f16_to_f32(half[i]) : bf16_to_f32(half[i]);
  return real;
}

/// The elements of an F16, BF16 or F32 tensor as the bits of float16. Throws naming the tensor for other types.
inline std::vector<uint16_t> to_f16(const TensorView& t) {
  std::vector<uint16_t> half(t.numel());
  switch (t.dtype()) {
    case AR_DTYPE_F16: {
      const auto x = t.elements<uint16_t>();
      half.assign(x.begin(), x.end());
      break;
    }
    case AR_DTYPE_BF16: {
      const auto x = t.elements<uint16_t>();
      for (size_t i = 0; i < half.size(); ++i) half[i] = f32_to_f16(bf16_to_f32(x[i]));
      break;
    }
    case AR_DTYPE_F32: {
      const auto x = t.elements<float>();
      for (size_t i = 0; i < half.size(); ++i) half[i] = f32_to_f16(x[i]);
      break;
    }
    default:
      throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + t.name() + "' has elements of type " +
                                           dtype_name(t.dtype()) + "; F16, BF16 or F32 can be stored as F16");
  }
  return half;
}

/// A matrix [rows, cols] as [cols, rows].
template <typename T>
std::vector<T> transposed(const T* matrix, int64_t rows, int64_t cols) {
  std::vector<T> result(static_cast<size_t>(rows * cols));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) result[static_cast<size_t>(c * rows + r)] = matrix[r * cols + c];
  }
  return result;
}

}  // namespace ar::formats
