#include "core/quant/float_formats.hpp"

#include <limits>

namespace ar::quant {

float decode(const FloatFormat& format, uint8_t code) {
  const uint32_t magnitude = code & ((1u << (format.bits - 1)) - 1u);
  const int exponent = static_cast<int>(magnitude >> format.mantissa_bits);
  const uint32_t mantissa = magnitude & ((1u << format.mantissa_bits) - 1u);
  const uint32_t leading = exponent == 0 ? 0u : 1u << format.mantissa_bits;
  float value =
      std::ldexp(static_cast<float>(leading + mantissa), std::max(exponent, 1) - format.bias() - format.mantissa_bits);
  if (value > format.max)
    value = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  return (code >> (format.bits - 1)) != 0 ? -value : value;
}

float decode_e8m0(uint8_t code) {
  return code == 255 ? std::numeric_limits<float>::quiet_NaN() : power_of_two(code - 127);
}

}  // namespace ar::quant
