#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/tensor/real.hpp"

/// Small binary floating point formats (data_types.md 3.6), one value at a time.
namespace ar::quant {

/// Sign, exponent and mantissa from high to low; subnormals; values beyond `max` are clipped to it.
struct FloatFormat {
  int bits;           // of a code, sign included
  int mantissa_bits;  // stored
  int min_exponent;   // of normal numbers; below, steps of 2^(min_exponent - mantissa_bits)
  float max;

  int bias() const { return 1 - min_exponent; }
  float min_normal() const { return std::ldexp(1.0f, min_exponent); }
  /// Exponent of the largest value.
  int max_exponent() const { return std::ilogb(max); }
};

constexpr FloatFormat kE2M1{4, 1, 0, 6.0f};
constexpr FloatFormat kE2M3{6, 3, 0, 7.5f};
constexpr FloatFormat kE3M2{6, 2, -2, 28.0f};
constexpr FloatFormat kE4M3{8, 3, -6, 448.0f};
constexpr FloatFormat kE5M2{8, 2, -14, 57344.0f};
/// Sign and three bits in steps of 0.25, the element of MXINT4: fixed point, which is what one exponent bit comes to.
constexpr FloatFormat kInt4{4, 2, 0, 1.75f};
/// Positive numbers only: the sign bit that codes never set is bit 8.
constexpr FloatFormat kUe5m3{9, 3, -14, 114688.0f};

/// Nearest value of the format, ties to even, clipped. The sign of a zero is kept.
inline float round_to(const FloatFormat& format, float x) {
  const float magnitude = std::min(std::fabs(x), format.max);
  const uint32_t least = static_cast<uint32_t>(format.min_exponent + 127) << 23;
  const uint32_t exponent = std::max(tensor::bits_of(magnitude) & 0x7f800000u, least);
  // Adding it leaves just the mantissa bits of the format: one step is the last place of the sum.
  const float anchor = tensor::float_of(exponent + (static_cast<uint32_t>(23 - format.mantissa_bits) << 23));
  return std::copysign((magnitude + anchor) - anchor, x);
}

/// Code of a value of the format. A negative zero has the sign bit.
inline uint8_t encode(const FloatFormat& format, float value) {
  const uint32_t bits = tensor::bits_of(value);
  const float magnitude = std::fabs(value);
  const int m = format.mantissa_bits;
  const uint32_t offset = static_cast<uint32_t>(127 - format.bias()) << m;
  const uint32_t code = magnitude < format.min_normal()
                            ? static_cast<uint32_t>(std::ldexp(magnitude, m - format.min_exponent))
                            : ((bits & 0x7fffffffu) >> (23 - m)) - offset;
  return static_cast<uint8_t>(code | (bits >> 31) << (format.bits - 1));
}

/// Value of a code; beyond the largest value lie infinity (E5M2) and NaN.
float decode(const FloatFormat& format, uint8_t code);

/// 2^exponent for exponents -127 .. 127.
inline float power_of_two(int exponent) {
  return tensor::float_of(exponent > -127 ? static_cast<uint32_t>(exponent + 127) << 23 : 0x400000u);
}

/// E8M0, a power of two in a byte; 255 is NaN.
inline uint8_t encode_e8m0(int exponent) { return static_cast<uint8_t>(exponent + 127); }
float decode_e8m0(uint8_t code);

}  // namespace ar::quant
