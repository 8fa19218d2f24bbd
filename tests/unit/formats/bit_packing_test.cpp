#include "common/bit_packing.hpp"

#include <random>

#include <gtest/gtest.h>

namespace ar::formats {
namespace {

std::vector<uint8_t> random_codes(int64_t n, int bits, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> codes(static_cast<size_t>(n));
  for (auto& c : codes) c = static_cast<uint8_t>(random() & ((1U << bits) - 1U));
  return codes;
}

class BitPacking : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, BitPacking, testing::Values(1, 2, 3, 4, 5, 6, 7, 8));

TEST_P(BitPacking, StreamEqualsItsDefinitionForEveryLength) {
  const int bits = GetParam();
  for (int64_t n = 1; n <= 100; ++n) {
    const auto codes = random_codes(n, bits, static_cast<uint32_t>(n));
    const auto size = static_cast<size_t>(stream_words(n, bits));
    std::vector<uint32_t> fast(size + 1, 0xDEADBEEF);
    std::vector<uint32_t> slow(size);
    pack_stream(codes.data(), n, bits, fast.data());
    reference::pack_stream(codes.data(), n, bits, slow.data());
    EXPECT_EQ(fast.back(), 0xDEADBEEF) << "wrote behind the end at n " << n;
    fast.pop_back();
    ASSERT_EQ(fast, slow) << n;
    std::vector<uint8_t> back(codes.size());
    unpack_stream(fast.data(), n, bits, back.data());
    ASSERT_EQ(back, codes) << n;
    reference::unpack_stream(slow.data(), n, bits, back.data());
    ASSERT_EQ(back, codes) << n;
  }
}

TEST_P(BitPacking, GptqColumnsAreStreamsOfRows) {
  const int bits = GetParam();
  constexpr int64_t kOut = 40;
  constexpr int64_t kIn = 96;
  const auto codes = random_codes(kOut * kIn, bits, 7);
  const int64_t height = stream_words(kIn, bits);
  std::vector<uint32_t> words(static_cast<size_t>(height * kOut));
  pack_gptq(codes.data(), kOut, kIn, bits, 0, 17, words.data());
  pack_gptq(codes.data(), kOut, kIn, bits, 17, kOut, words.data());
  std::vector<uint32_t> column(static_cast<size_t>(height));
  for (int64_t c = 0; c < kOut; ++c) {
    reference::pack_stream(codes.data() + c * kIn, kIn, bits, column.data());
    for (int64_t r = 0; r < height; ++r)
      ASSERT_EQ(words[static_cast<size_t>(r * kOut + c)], column[static_cast<size_t>(r)]);
  }
  std::vector<uint8_t> back(codes.size());
  unpack_gptq(words.data(), kOut, kIn, bits, 0, kOut, back.data());
  EXPECT_EQ(back, codes);
}

TEST(AwqPacking, EqualsItsDefinition) {
  constexpr int64_t kOut = 24;
  constexpr int64_t kIn = 150;
  const auto codes = random_codes(kOut * kIn, 4, 3);
  std::vector<uint32_t> fast(static_cast<size_t>(kIn * kOut / 8));
  auto slow = fast;
  pack_awq(codes.data(), kOut, kIn, 0, 70, fast.data());
  pack_awq(codes.data(), kOut, kIn, 70, kIn, fast.data());
  reference::pack_awq(codes.data(), kOut, kIn, slow.data());
  EXPECT_EQ(fast, slow);
  std::vector<uint8_t> back(codes.size());
  unpack_awq(fast.data(), kOut, kIn, 0, kIn, back.data());
  EXPECT_EQ(back, codes);
}

// The worked bytes of formats.md section 8.
TEST(BitPackingExample, GptqWord) {
  std::vector<uint8_t> codes(32, 0);
  const uint8_t first[] = {0, 1, 7, 8, 9, 10, 11, 15};
  std::copy(std::begin(first), std::end(first), codes.begin());
  std::vector<uint32_t> words(4);
  pack_gptq(codes.data(), 1, 32, 4, 0, 1, words.data());
  EXPECT_EQ(words[0], 0xFBA98710U);
}

TEST(BitPackingExample, AwqWord) {
  const uint8_t codes[] = {0, 1, 2, 3, 4, 5, 6, 7};  // eight columns of one input row
  uint32_t word = 0;
  pack_awq(codes, 8, 1, 0, 1, &word);
  EXPECT_EQ(word, 0x75316420U);
  uint32_t row = 0;
  pack_awq_row(codes, 8, &row);
  EXPECT_EQ(row, word);
}

}  // namespace
}  // namespace ar::formats
