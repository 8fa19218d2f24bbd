#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <c10/util/Half.h>

#include "core/quant/quantized_weight.hpp"
#include "core/quant/scheme.hpp"

namespace ar::quant::test {

/// Fields of one block as data_types.md 9.1 lays them out; halves as their bits.
struct GgufBlock {
  std::vector<int> codes;
  std::vector<int> scale_codes, min_codes;
  uint16_t d = 0;
  uint16_t m = 0;  // of Q4_1 and Q5_1 the minimum, of K types dmin
};
inline bool operator==(const GgufBlock& a, const GgufBlock& b) {
  return a.codes == b.codes && a.scale_codes == b.scale_codes && a.min_codes == b.min_codes && a.d == b.d && a.m == b.m;
}

/// Bits, symmetry and sizes of the ggml types that this program writes.
struct GgmlType {
  uint32_t id;
  const char* preset;
  int64_t elements;
  int64_t bytes;
};
inline const GgmlType& ggml_type(uint32_t id) {
  static const GgmlType kTypes[] = {{2, "GGUF:Q4_0", 32, 18},      {3, "GGUF:Q4_1", 32, 20},
                                    {6, "GGUF:Q5_0", 32, 22},      {7, "GGUF:Q5_1", 32, 24},
                                    {8, "GGUF:Q8_0", 32, 34},      {10, "GGUF:Q2_K_S", 256, 84},
                                    {11, "GGUF:Q3_K_S", 256, 110}, {12, "GGUF:Q4_K_S", 256, 144},
                                    {13, "GGUF:Q5_K_S", 256, 176}, {14, "GGUF:Q6_K", 256, 210}};
  for (const GgmlType& type : kTypes)
    if (type.id == id) return type;
  throw std::runtime_error("ggml type " + std::to_string(id));
}

inline uint16_t half_at(const uint8_t* p) {
  uint16_t bits;
  std::memcpy(&bits, p, sizeof bits);
  return bits;
}

inline GgufBlock decode_legacy(uint32_t type, const uint8_t* p) {
  GgufBlock block;
  block.codes.resize(32);
  block.d = half_at(p);
  p += 2;
  if (type == 8) {
    for (size_t i = 0; i < 32; ++i) block.codes[i] = static_cast<int8_t>(p[i]) + 128;
    return block;
  }
  if (type == 3 || type == 7) {
    block.m = half_at(p);
    p += 2;
  }
  uint32_t high = 0;
  if (type >= 6) {
    std::memcpy(&high, p, sizeof high);
    p += sizeof high;
  }
  for (size_t i = 0; i < 32; ++i)
    block.codes[i] = (i < 16 ? p[i] & 15 : p[i - 16] >> 4) | static_cast<int>(high >> i & 1) << 4;
  return block;
}

/// Element i of the 2-bit planes that Q2_K, Q3_K and Q6_K share.
inline int two_bits(const uint8_t* p, size_t i) { return p[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3; }

inline void decode_six_bit_scales(const uint8_t* p, GgufBlock& block) {
  block.scale_codes.resize(8);
  block.min_codes.resize(8);
  for (size_t j = 0; j < 4; ++j) {
    block.scale_codes[j] = p[j] & 63;
    block.min_codes[j] = p[4 + j] & 63;
    block.scale_codes[4 + j] = (p[8 + j] & 15) | p[j] >> 6 << 4;
    block.min_codes[4 + j] = p[8 + j] >> 4 | p[4 + j] >> 6 << 4;
  }
}

inline GgufBlock decode_k(uint32_t type, const uint8_t* p) {
  GgufBlock block;
  block.codes.resize(256);
  if (type == 10) {
    for (size_t j = 0; j < 16; ++j) {
      block.scale_codes.push_back(p[j] & 15);
      block.min_codes.push_back(p[j] >> 4);
    }
    for (size_t i = 0; i < 256; ++i) block.codes[i] = two_bits(p + 16, i);
    block.d = half_at(p + 80);
    block.m = half_at(p + 82);
  } else if (type == 11) {
    for (size_t i = 0; i < 256; ++i) block.codes[i] = two_bits(p + 32, i) | (p[i % 32] >> (i / 32) & 1) << 2;
    for (size_t j = 0; j < 16; ++j)
      block.scale_codes.push_back((j < 8 ? p[96 + j] & 15 : p[88 + j] >> 4) | (p[104 + j % 4] >> (j / 4 * 2) & 3) << 4);
    block.d = half_at(p + 108);
  } else if (type == 12 || type == 13) {
    block.d = half_at(p);
    block.m = half_at(p + 2);
    decode_six_bit_scales(p + 4, block);
    const uint8_t* low = p + (type == 12 ? 16 : 48);
    for (size_t i = 0; i < 256; ++i) {
      const int nibble = low[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
      block.codes[i] = nibble | (type == 13 ? (p[16 + i % 32] >> (i / 32) & 1) << 4 : 0);
    }
  } else {
    for (size_t i = 0; i < 256; ++i)
      block.codes[i] = (p[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15) | two_bits(p + 128, i) << 4;
    for (size_t j = 0; j < 16; ++j) block.scale_codes.push_back(p[192 + j]);
    block.d = half_at(p + 208);
  }
  return block;
}

inline GgufBlock decode_block(uint32_t type, const uint8_t* p) {
  return type < 10 ? decode_legacy(type, p) : decode_k(type, p);
}

inline uint16_t half_bits(float x) { return c10::Half(x).x; }

/// The block of our planes at the place of block `index`.
inline GgufBlock our_block(const QuantizedWeight& w, int64_t elements, int64_t index) {
  GgufBlock block;
  const auto* codes = w.codes.const_data_ptr<uint8_t>() + index * elements;
  block.codes.assign(codes, codes + elements);
  if (!w.super_scale.defined()) {
    const float scale = w.scale.const_data_ptr<float>()[index];
    block.d = half_bits(scale);
    if (w.zero_point.defined()) block.m = half_bits(-(w.zero_point.const_data_ptr<float>()[index] * scale));
    return block;
  }
  const int64_t groups = w.scale_codes.numel() / w.super_scale.numel();
  const auto bytes = [&](const at::Tensor& plane) {
    const auto* p = plane.const_data_ptr<uint8_t>() + index * groups;
    return std::vector<int>(p, p + groups);
  };
  block.scale_codes = bytes(w.scale_codes);
  block.d = half_bits(w.super_scale.const_data_ptr<float>()[index]);
  if (!w.super_min.defined()) return block;
  block.min_codes = bytes(w.min_codes);
  block.m = half_bits(w.super_min.const_data_ptr<float>()[index]);
  return block;
}

}  // namespace ar::quant::test
