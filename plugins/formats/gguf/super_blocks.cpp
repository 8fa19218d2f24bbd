#include <cstring>

#include "blocks.hpp"

// Bit order of the 256-element blocks: data_types.md 9.1, llama.cpp ggml-common.h.
namespace ar::gguf {
namespace {

constexpr int kElements = 256;

void put(uint8_t* at, uint16_t value) { std::memcpy(at, &value, sizeof value); }
uint16_t get(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Two bits of every code from bit `shift` on: byte 32h + l holds codes 128h + 32k + l at bits 2k, k = 0..3.
void pack_pairs(const uint8_t* codes, unsigned shift, uint8_t* bytes) {
  for (int h = 0; h < 2; ++h) {
    for (int l = 0; l < 32; ++l) {
      const uint8_t* c = codes + 128 * h + l;
      bytes[32 * h + l] = static_cast<uint8_t>((c[0] >> shift & 3U) | (c[32] >> shift & 3U) << 2U |
                                               (c[64] >> shift & 3U) << 4U | (c[96] >> shift & 3U) << 6U);
    }
  }
}
void unpack_pairs(const uint8_t* bytes, unsigned shift, uint8_t* codes) {
  for (int h = 0; h < 2; ++h) {
    for (int l = 0; l < 32; ++l) {
      for (int k = 0; k < 4; ++k) {
        uint8_t& c = codes[128 * h + 32 * k + l];
        c = static_cast<uint8_t>(c | (bytes[32 * h + l] >> static_cast<unsigned>(2 * k) & 3U) << shift);
      }
    }
  }
}

/// One bit of every code: bit j of byte l belongs to code 32j + l.
void pack_bits(const uint8_t* codes, unsigned shift, uint8_t* bytes) {
  for (int l = 0; l < 32; ++l) {
    unsigned byte = 0;
    for (unsigned j = 0; j < 8; ++j) byte |= (codes[32 * j + static_cast<unsigned>(l)] >> shift & 1U) << j;
    bytes[l] = static_cast<uint8_t>(byte);
  }
}
void unpack_bits(const uint8_t* bytes, unsigned shift, uint8_t* codes) {
  for (int i = 0; i < kElements; ++i)
    codes[i] = static_cast<uint8_t>(codes[i] | (bytes[i % 32] >> static_cast<unsigned>(i / 32) & 1U) << shift);
}

/// Low nibbles: byte n*k + l holds codes 2nk + l and 2nk + n + l.
void pack_nibbles(const uint8_t* codes, int n, uint8_t* bytes) {
  for (int k = 0; k < kElements / (2 * n); ++k) {
    for (int l = 0; l < n; ++l) {
      const uint8_t* c = codes + 2 * n * k + l;
      bytes[n * k + l] = static_cast<uint8_t>((c[0] & 15U) | static_cast<unsigned>(c[n] & 15U) << 4U);
    }
  }
}
void unpack_nibbles(const uint8_t* bytes, int n, uint8_t* codes) {
  for (int k = 0; k < kElements / (2 * n); ++k) {
    for (int l = 0; l < n; ++l) {
      uint8_t* c = codes + 2 * n * k + l;
      c[0] = bytes[n * k + l] & 15U;
      c[n] = static_cast<uint8_t>(bytes[n * k + l] >> 4U);
    }
  }
}

/// Q3_K: sixteen 6-bit codes in 12 bytes.
void pack_q3_scales(const uint8_t* c, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>((c[i] & 15U) | static_cast<unsigned>(c[i + 8] & 15U) << 4U);
  for (int k = 0; k < 4; ++k) {
    bytes[8 + k] = static_cast<uint8_t>((c[k] >> 4U & 3U) | (c[k + 4] >> 4U & 3U) << 2U | (c[k + 8] >> 4U & 3U) << 4U |
                                        (c[k + 12] >> 4U & 3U) << 6U);
  }
}
void unpack_q3_scales(const uint8_t* bytes, uint8_t* c) {
  for (int i = 0; i < 16; ++i) {
    const unsigned low = i < 8 ? bytes[i] & 15U : bytes[i - 8] >> 4U;
    const unsigned high = bytes[8 + i % 4] >> static_cast<unsigned>(2 * (i / 4)) & 3U;
    c[i] = static_cast<uint8_t>(low | high << 4U);
  }
}

/// Q4_K, Q5_K: eight 6-bit scales and eight 6-bit minimums in 12 bytes.
void pack_q4_scales(const uint8_t* s, const uint8_t* m, uint8_t* bytes) {
  for (int j = 0; j < 4; ++j) {
    bytes[j] = static_cast<uint8_t>((s[j] & 63U) | (s[j + 4] >> 4U & 3U) << 6U);
    bytes[4 + j] = static_cast<uint8_t>((m[j] & 63U) | (m[j + 4] >> 4U & 3U) << 6U);
    bytes[8 + j] = static_cast<uint8_t>((s[j + 4] & 15U) | static_cast<unsigned>(m[j + 4] & 15U) << 4U);
  }
}
void unpack_q4_scales(const uint8_t* bytes, uint8_t* s, uint8_t* m) {
  for (int j = 0; j < 4; ++j) {
    s[j] = bytes[j] & 63U;
    m[j] = bytes[4 + j] & 63U;
    s[j + 4] = static_cast<uint8_t>((bytes[8 + j] & 15U) | (bytes[j] >> 6U) << 4U);
    m[j + 4] = static_cast<uint8_t>(bytes[8 + j] >> 4U | (bytes[4 + j] >> 6U) << 4U);
  }
}

}  // namespace

void pack_super(Type type, const SuperBlock& f, uint8_t* block) {
  switch (type) {
    case Type::kQ2_K:  // scales[16], qs[64], d, dmin
      for (int j = 0; j < 16; ++j)
        block[j] = static_cast<uint8_t>((f.scale_codes[j] & 15U) | static_cast<unsigned>(f.min_codes[j] & 15U) << 4U);
      pack_pairs(f.codes, 0, block + 16);
      put(block + 80, f.super_scale);
      put(block + 82, f.super_min);
      break;
    case Type::kQ3_K:  // hmask[32], qs[64], scales[12], d
      pack_bits(f.codes, 2, block);
      pack_pairs(f.codes, 0, block + 32);
      pack_q3_scales(f.scale_codes, block + 96);
      put(block + 108, f.super_scale);
      break;
    case Type::kQ6_K:  // ql[128], qh[64], scales[16], d
      pack_nibbles(f.codes, 64, block);
      pack_pairs(f.codes, 4, block + 128);
      std::memcpy(block + 192, f.scale_codes, 16);
      put(block + 208, f.super_scale);
      break;
    default:  // Q4_K, Q5_K: d, dmin, scales[12], qh[32] (Q5_K), qs[128]
      put(block, f.super_scale);
      put(block + 2, f.super_min);
      pack_q4_scales(f.scale_codes, f.min_codes, block + 4);
      block += 16;
      if (type == Type::kQ5_K) {
        pack_bits(f.codes, 4, block);
        block += 32;
      }
      pack_nibbles(f.codes, 32, block);
  }
}

void unpack_super(Type type, const uint8_t* block, SuperBlock& f) {
  f = {};
  switch (type) {
    case Type::kQ2_K:
      for (int j = 0; j < 16; ++j) {
        f.scale_codes[j] = block[j] & 15U;
        f.min_codes[j] = static_cast<uint8_t>(block[j] >> 4U);
      }
      unpack_pairs(block + 16, 0, f.codes);
      f.super_scale = get(block + 80);
      f.super_min = get(block + 82);
      break;
    case Type::kQ3_K:
      unpack_bits(block, 2, f.codes);
      unpack_pairs(block + 32, 0, f.codes);
      unpack_q3_scales(block + 96, f.scale_codes);
      f.super_scale = get(block + 108);
      break;
    case Type::kQ6_K:
      unpack_nibbles(block, 64, f.codes);
      unpack_pairs(block + 128, 4, f.codes);
      std::memcpy(f.scale_codes, block + 192, 16);
      f.super_scale = get(block + 208);
      break;
    default:
      f.super_scale = get(block);
      f.super_min = get(block + 2);
      unpack_q4_scales(block + 4, f.scale_codes, f.min_codes);
      block += 16;
      const uint8_t* low = type == Type::kQ5_K ? block + 32 : block;
      unpack_nibbles(low, 32, f.codes);
      if (type == Type::kQ5_K) unpack_bits(block, 4, f.codes);
  }
}

}  // namespace ar::gguf
