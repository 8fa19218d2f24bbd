#include "common/bit_packing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace ar::formats {
namespace {

constexpr std::array<int, 8> kAwqColumns = {0, 2, 4, 6, 1, 3, 5, 7};  // column in each nibble, low to high

/// Eight codes, one a byte, to 8*bits adjacent bits: neighbours are joined in pairs, quads, then eights.
inline uint64_t join8(uint64_t x, int bits) {
  x = (x & 0x00FF00FF00FF00FFULL) | ((x >> 8U) & 0x00FF00FF00FF00FFULL) << bits;
  x = (x & 0x0000FFFF0000FFFFULL) | ((x >> 16U) & 0x0000FFFF0000FFFFULL) << (2 * bits);
  return (x & 0x00000000FFFFFFFFULL) | (x >> 32U) << (4 * bits);
}

inline uint64_t split8(uint64_t x, int bits) {
  const uint64_t quad = (uint64_t{1} << (4 * bits)) - 1;
  x = (x & quad) | ((x >> (4 * bits)) & quad) << 32U;
  const uint64_t pair = ((uint64_t{1} << (2 * bits)) - 1) * 0x0000000100000001ULL;
  x = (x & pair) | ((x >> (2 * bits)) & pair) << 16U;
  const uint64_t one = ((uint64_t{1} << bits) - 1) * 0x0001000100010001ULL;
  return (x & one) | ((x >> bits) & one) << 8U;
}

/// 32 codes to `bits` words, and back.
inline void pack32(const uint8_t* codes, int bits, uint32_t* words) {
  std::array<uint8_t, 40> bytes;  // 4 * bits, and room for the last 8-byte store
  for (int i = 0; i < 4; ++i) {
    uint64_t x;
    std::memcpy(&x, codes + 8 * i, sizeof x);
    x = join8(x, bits);
    std::memcpy(bytes.data() + static_cast<ptrdiff_t>(i) * bits, &x, sizeof x);
  }
  std::memcpy(words, bytes.data(), sizeof(uint32_t) * static_cast<size_t>(bits));
}

inline void unpack32(const uint32_t* words, int bits, uint8_t* codes) {
  std::array<uint8_t, 40> bytes{};
  std::memcpy(bytes.data(), words, sizeof(uint32_t) * static_cast<size_t>(bits));
  for (int i = 0; i < 4; ++i) {
    uint64_t x;
    std::memcpy(&x, bytes.data() + static_cast<ptrdiff_t>(i) * bits, sizeof x);
    x = split8(x, bits);
    std::memcpy(codes + 8 * i, &x, sizeof x);
  }
}

constexpr int64_t kColumnTile = 16;  // 64 bytes of a row of words: one cache line
constexpr int64_t kRowTile = 64;     // one cache line of codes

}  // namespace

void pack_stream(const uint8_t* codes, int64_t n, int bits, uint32_t* words) {
  int64_t k = 0;
  for (; k + 32 <= n; k += 32, words += bits) pack32(codes + k, bits, words);
  if (k == n) return;
  std::array<uint8_t, 32> rest{};
  std::array<uint32_t, 8> last;
  std::copy(codes + k, codes + n, rest.begin());
  pack32(rest.data(), bits, last.data());
  std::copy_n(last.begin(), stream_words(n - k, bits), words);
}

void unpack_stream(const uint32_t* words, int64_t n, int bits, uint8_t* codes) {
  int64_t k = 0;
  for (; k + 32 <= n; k += 32, words += bits) unpack32(words, bits, codes + k);
  if (k == n) return;
  std::array<uint8_t, 32> rest;
  std::array<uint32_t, 8> last{};
  std::copy_n(words, stream_words(n - k, bits), last.begin());
  unpack32(last.data(), bits, rest.data());
  std::copy_n(rest.begin(), n - k, codes + k);
}

void pack_gptq(const uint8_t* codes, int64_t out, int64_t in, int bits, int64_t begin, int64_t end, uint32_t* words) {
  std::array<uint32_t, 8> unit;
  for (int64_t c0 = begin; c0 < end; c0 += kColumnTile) {
    const int64_t c1 = std::min(c0 + kColumnTile, end);
    uint32_t* row = words;
    for (int64_t i = 0; i < in; i += 32, row += bits * out) {
      for (int64_t c = c0; c < c1; ++c) {
        pack32(codes + c * in + i, bits, unit.data());
        for (int b = 0; b < bits; ++b) row[b * out + c] = unit[static_cast<size_t>(b)];
      }
    }
  }
}

void unpack_gptq(const uint32_t* words, int64_t out, int64_t in, int bits, int64_t begin, int64_t end, uint8_t* codes) {
  std::array<uint32_t, 8> unit;
  for (int64_t c0 = begin; c0 < end; c0 += kColumnTile) {
    const int64_t c1 = std::min(c0 + kColumnTile, end);
    const uint32_t* row = words;
    for (int64_t i = 0; i < in; i += 32, row += bits * out) {
      for (int64_t c = c0; c < c1; ++c) {
        for (int b = 0; b < bits; ++b) unit[static_cast<size_t>(b)] = row[b * out + c];
        unpack32(unit.data(), bits, codes + c * in + i);
      }
    }
  }
}

void pack_awq(const uint8_t* codes, int64_t out, int64_t in, int64_t begin, int64_t end, uint32_t* words) {
  const int64_t width = out / 8;
  std::array<uint32_t, kRowTile> tile;
  for (int64_t i0 = begin; i0 < end; i0 += kRowTile) {
    const auto n = static_cast<size_t>(std::min(kRowTile, end - i0));
    for (int64_t c = 0; c < width; ++c) {
      tile.fill(0);
      for (size_t nibble = 0; nibble < kAwqColumns.size(); ++nibble) {
        const uint8_t* row = codes + (c * 8 + kAwqColumns[nibble]) * in + i0;
        for (size_t i = 0; i < n; ++i) tile[i] |= static_cast<uint32_t>(row[i]) << (4 * nibble);
      }
      for (size_t i = 0; i < n; ++i) words[(i0 + static_cast<int64_t>(i)) * width + c] = tile[i];
    }
  }
}

void unpack_awq(const uint32_t* words, int64_t out, int64_t in, int64_t begin, int64_t end, uint8_t* codes) {
  const int64_t width = out / 8;
  std::array<uint32_t, kRowTile> tile;
  for (int64_t i0 = begin; i0 < end; i0 += kRowTile) {
    const auto n = static_cast<size_t>(std::min(kRowTile, end - i0));
    for (int64_t c = 0; c < width; ++c) {
      for (size_t i = 0; i < n; ++i) tile[i] = words[(i0 + static_cast<int64_t>(i)) * width + c];
      for (size_t nibble = 0; nibble < kAwqColumns.size(); ++nibble) {
        uint8_t* row = codes + (c * 8 + kAwqColumns[nibble]) * in + i0;
        for (size_t i = 0; i < n; ++i) row[i] = static_cast<uint8_t>((tile[i] >> (4 * nibble)) & 15U);
      }
    }
  }
}

void pack_awq_row(const uint8_t* codes, int64_t n, uint32_t* words) { pack_awq(codes, n, 1, 0, 1, words); }
void unpack_awq_row(const uint32_t* words, int64_t n, uint8_t* codes) { unpack_awq(words, n, 1, 0, 1, codes); }

namespace reference {

void pack_stream(const uint8_t* codes, int64_t n, int bits, uint32_t* words) {
  std::fill_n(words, stream_words(n, bits), 0U);
  for (int64_t bit = 0; bit < n * bits; ++bit) {
    const uint32_t value = (codes[bit / bits] >> (bit % bits)) & 1U;
    words[bit / 32] |= value << (bit % 32);
  }
}

void unpack_stream(const uint32_t* words, int64_t n, int bits, uint8_t* codes) {
  std::fill_n(codes, n, uint8_t{0});
  for (int64_t bit = 0; bit < n * bits; ++bit) {
    const uint32_t value = (words[bit / 32] >> (bit % 32)) & 1U;
    codes[bit / bits] = static_cast<uint8_t>(codes[bit / bits] | value << (bit % bits));
  }
}

void pack_awq(const uint8_t* codes, int64_t out, int64_t in, uint32_t* words) {
  constexpr std::array<int, 8> kShift = {0, 16, 4, 20, 8, 24, 12, 28};  // of columns 0..7
  std::fill_n(words, in * out / 8, 0U);
  for (int64_t c = 0; c < out; ++c) {
    for (int64_t i = 0; i < in; ++i) {
      words[i * (out / 8) + c / 8] |= static_cast<uint32_t>(codes[c * in + i]) << kShift[static_cast<size_t>(c % 8)];
    }
  }
}

}  // namespace reference
}  // namespace ar::formats
