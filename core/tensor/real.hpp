#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace ar::tensor {

/// Element types that kernels read and write; f16 occurs in stored scales only.
enum class Real : uint8_t { kF32, kBf16 };

/// Storage of a bfloat16; same layout as at::BFloat16, without its header.
struct Bf16 {
  uint16_t bits;
};

/// Borrowed rows of numbers of either type: what a kernel takes where the type is known at run time only.
struct ConstReals {
  const void* data;
  Real type;
  ConstReals(const float* p) : data(p), type(Real::kF32) {}  // NOLINT(google-explicit-constructor)
  ConstReals(const Bf16* p) : data(p), type(Real::kBf16) {}  // NOLINT(google-explicit-constructor)
  ConstReals(const void* p, Real t) : data(p), type(t) {}
};
struct Reals {
  void* data;
  Real type;
  Reals(float* p) : data(p), type(Real::kF32) {}  // NOLINT(google-explicit-constructor)
  Reals(Bf16* p) : data(p), type(Real::kBf16) {}  // NOLINT(google-explicit-constructor)
  Reals(void* p, Real t) : data(p), type(t) {}
  operator ConstReals() const { return {data, type}; }  // NOLINT(google-explicit-constructor)
};

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

inline float to_f32(float x) { return x; }
inline float to_f32(Bf16 x) { return float_of(static_cast<uint32_t>(x.bits) << 16); }

/// Element i of rows of either type; for the references and what happens once a group.
inline float real_at(ConstReals from, int64_t i) {
  if (from.type == Real::kF32) return static_cast<const float*>(from.data)[i];
  return to_f32(static_cast<const Bf16*>(from.data)[i]);
}

/// Nearest bfloat16, ties to even; a NaN stays one.
inline Bf16 to_bf16(float x) {
  const uint32_t u = bits_of(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((u >> 16) | 0x40u)};
  return {static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}
inline float round_to_bf16(float x) { return to_f32(to_bf16(x)); }

/// Nearest float16 value, ties to even, as a float: 11 significant bits, steps of 2^-24 below 2^-14, infinity from
/// 65520.
inline float round_to_f16(float x) {
  const float magnitude = std::fabs(x);
  if (!(magnitude < 65520.0f)) return std::isnan(x) ? x : std::copysign(INFINITY, x);
  float rounded;
  if (magnitude < 0x1p-14f) {
    rounded = (magnitude + 0.5f) - 0.5f;  // the unit in the last place of [0.5, 1) is 2^-24
  } else {
    const uint32_t u = bits_of(magnitude);
    rounded = float_of((u + 0xfffu + ((u >> 13) & 1u)) & ~0x1fffu);
  }
  return std::copysign(rounded, x);
}

}  // namespace ar::tensor
