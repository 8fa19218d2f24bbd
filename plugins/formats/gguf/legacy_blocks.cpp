#include <cstring>

#include "blocks.hpp"
#include "common/real.hpp"

namespace ar::gguf {
namespace {

constexpr int kElements = 32;
constexpr int kHalf = kElements / 2;

void put_half(uint8_t* at, float value) {
  const uint16_t half = formats::f32_to_f16(value);
  std::memcpy(at, &half, sizeof half);
}
float get_half(const uint8_t* at) {
  uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return formats::f16_to_f32(half);
}

/// Bit 4 of 8 codes, that of the first lowest. The product adds each byte's bit at its place of the top byte.
uint8_t fifth_bits(const uint8_t* codes) {
  uint64_t eight;
  std::memcpy(&eight, codes, sizeof eight);
  return static_cast<uint8_t>((eight >> 4U & 0x0101010101010101U) * 0x0102040810204080U >> 56U);
}

}  // namespace

// d, m (asymmetric types), qh: bit i is bit 4 of code i (5-bit types), then low nibbles: byte i holds codes i, i + 16.
void pack_legacy(const TypeInfo& type, const uint8_t* codes, float scale, float minimum, uint8_t* block) {
  put_half(block, scale);
  block += 2;
  if (type.type == Type::kQ8_0) {  // two's complement: flipping the top bit subtracts 128
    for (int i = 0; i < kElements; ++i) block[i] = static_cast<uint8_t>(codes[i] ^ 0x80U);
    return;
  }
  if (!type.sym) {
    put_half(block, minimum);
    block += 2;
  }
  if (type.bits == 5) {
    for (int i = 0; i < kElements; i += 8) *block++ = fifth_bits(codes + i);
  }
  for (int i = 0; i < kHalf; ++i)
    block[i] = static_cast<uint8_t>((codes[i] & 15U) | static_cast<unsigned>(codes[i + kHalf] & 15U) << 4U);
}

void unpack_legacy(const TypeInfo& type, const uint8_t* block, uint8_t* codes, float& scale, float& minimum) {
  scale = get_half(block);
  block += 2;
  minimum = 0.0F;
  if (type.type == Type::kQ8_0) {
    for (int i = 0; i < kElements; ++i) codes[i] = static_cast<uint8_t>(block[i] ^ 0x80U);
    return;
  }
  if (!type.sym) {
    minimum = get_half(block);
    block += 2;
  }
  uint32_t high = 0;
  if (type.bits == 5) {
    std::memcpy(&high, block, sizeof high);
    block += sizeof high;
  }
  for (int i = 0; i < kHalf; ++i) {
    codes[i] = block[i] & 15U;
    codes[i + kHalf] = static_cast<uint8_t>(block[i] >> 4U);
  }
  for (int i = 0; i < kElements; ++i)
    codes[i] = static_cast<uint8_t>(codes[i] | (high >> static_cast<unsigned>(i) & 1U) << 4U);
}

}  // namespace ar::gguf
