#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ar::formats {

/// Layouts of unsigned codes of 1 to 8 bits, one a byte in memory, as little-endian 32-bit words on disk.
/// A dense stream holds code k in bits [k*bits, (k+1)*bits) of the words read as one little-endian number.
/// Every function is pure; sizes are checked by the caller. `codes` are below 2^bits.

/// 32-bit words of a dense stream of n codes.
constexpr int64_t stream_words(int64_t n, int bits) { return (n * bits + 31) / 32; }

/// Dense stream of n codes; the last word is padded with zero bits.
void pack_stream(const uint8_t* codes, int64_t n, int bits, uint32_t* words);
void unpack_stream(const uint32_t* words, int64_t n, int bits, uint8_t* codes);

/// GPTQ weights: codes [out, in], in % 32 == 0 -> words [in*bits/32, out]; every column is the stream of one row.
/// Only the columns [begin, end) of the words are written: slices may run on several threads.
void pack_gptq(const uint8_t* codes, int64_t out, int64_t in, int bits, int64_t begin, int64_t end, uint32_t* words);
void unpack_gptq(const uint32_t* words, int64_t out, int64_t in, int bits, int64_t begin, int64_t end, uint8_t* codes);

/// AWQ weights, 4 bits: codes [out, in], out % 8 == 0 -> words [in, out/8]. Nibbles 0..7 of a word, low to high, hold
/// its columns 0, 2, 4, 6, 1, 3, 5, 7. Only the rows [begin, end) of the words are written.
void pack_awq(const uint8_t* codes, int64_t out, int64_t in, int64_t begin, int64_t end, uint32_t* words);
void unpack_awq(const uint32_t* words, int64_t out, int64_t in, int64_t begin, int64_t end, uint8_t* codes);

/// One row of AWQ zero points: n codes, n % 8 == 0 -> n/8 words in the same order of nibbles.
void pack_awq_row(const uint8_t* codes, int64_t n, uint32_t* words);
void unpack_awq_row(const uint32_t* words, int64_t n, uint8_t* codes);

/// Bit by bit, straight from the definition: what the fast versions are tested against.
namespace reference {
void pack_stream(const uint8_t* codes, int64_t n, int bits, uint32_t* words);
void unpack_stream(const uint32_t* words, int64_t n, int bits, uint8_t* codes);
void pack_awq(const uint8_t* codes, int64_t out, int64_t in, uint32_t* words);
}  // namespace reference

}  // namespace ar::formats
