#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/float_formats.hpp"

namespace ar::quant::test {
namespace {

struct Named {
  const char* name;
  FloatFormat format;
  int n_codes;  // of positive numbers, zero included
};
void PrintTo(const Named& n, std::ostream* out) { *out << n.name; }

class Formats : public ::testing::TestWithParam<Named> {
 protected:
  const FloatFormat& format() const { return GetParam().format; }
  /// All values that are not negative, ascending.
  std::vector<float> values() const {
    std::vector<float> all;
    for (int code = 0; code < GetParam().n_codes; ++code) all.push_back(decode(format(), static_cast<uint8_t>(code)));
    return all;
  }
};

TEST_P(Formats, ValuesAscendToTheLargest) {
  const std::vector<float> all = values();
  EXPECT_EQ(all.front(), 0.0f);
  EXPECT_EQ(all.back(), format().max);
  for (size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1], all[i]) << i;
}

TEST_P(Formats, CodesReturn) {
  for (int code = 0; code < GetParam().n_codes; ++code) {
    const float value = decode(format(), static_cast<uint8_t>(code));
    EXPECT_EQ(encode(format(), value), code);
    EXPECT_EQ(round_to(format(), value), value);
    EXPECT_EQ(round_to(format(), -value), -value);
  }
}

/// Neighbours differ in the last bit of their code: the even one takes the tie.
TEST_P(Formats, RoundsToTheNearestAndTiesToEven) {
  const std::vector<float> all = values();
  for (size_t i = 1; i < all.size(); ++i) {
    const float low = all[i - 1], high = all[i], middle = 0.5f * (low + high);
    EXPECT_EQ(round_to(format(), middle), i % 2 == 0 ? high : low) << middle;
    EXPECT_EQ(round_to(format(), std::nextafter(middle, 0.0f)), low) << middle;
    EXPECT_EQ(round_to(format(), std::nextafter(middle, high)), high) << middle;
    EXPECT_EQ(round_to(format(), -std::nextafter(middle, high)), -high) << middle;
  }
}

TEST_P(Formats, ClipsWhatIsBeyond) {
  EXPECT_EQ(round_to(format(), 1.01f * format().max), format().max);
  EXPECT_EQ(round_to(format(), -1e30f), -format().max);
  EXPECT_EQ(round_to(format(), std::numeric_limits<float>::infinity()), format().max);
}

TEST_P(Formats, ZeroKeepsItsSign) {
  const float zero = round_to(format(), -1e-30f);
  EXPECT_EQ(zero, 0.0f);
  EXPECT_TRUE(std::signbit(zero));
  EXPECT_FALSE(std::signbit(round_to(format(), 1e-30f)));
}

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         ::testing::Values(Named{"e2m1", kE2M1, 8}, Named{"e2m3", kE2M3, 32}, Named{"e3m2", kE3M2, 32},
                                           Named{"e4m3", kE4M3, 127}, Named{"e5m2", kE5M2, 124},
                                           Named{"int4", kInt4, 8}, Named{"ue5m3", kUe5m3, 255}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FloatFormats, NegativeCodesHaveTheTopBit) {
  EXPECT_EQ(encode(kE2M1, -0.5f), 9);
  EXPECT_EQ(encode(kE2M1, -0.0f), 8);
  EXPECT_EQ(encode(kE4M3, -448.0f), 0xfe);
  EXPECT_EQ(encode(kE5M2, -1.0f), 0xbc);
}

TEST(FloatFormats, NotNumbersDecodeAsSuch) {
  EXPECT_TRUE(std::isnan(decode(kE4M3, 0x7f)));
  EXPECT_TRUE(std::isnan(decode(kE4M3, 0xff)));
  EXPECT_EQ(decode(kE5M2, 0x7c), std::numeric_limits<float>::infinity());
  EXPECT_EQ(decode(kE5M2, 0xfc), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(decode(kE5M2, 0x7d)));
  EXPECT_TRUE(std::isnan(decode(kUe5m3, 0xff)));
  EXPECT_TRUE(std::isnan(decode_e8m0(255)));
}

TEST(FloatFormats, E8m0IsAPowerOfTwo) {
  for (int exponent = -127; exponent <= 127; ++exponent)
    EXPECT_EQ(decode_e8m0(encode_e8m0(exponent)), std::ldexp(1.0f, exponent));
}

/// The encoder of auto-round 0.16.1: a mantissa that rounds up to 8 carries, what is below half a step becomes 0.
TEST(FloatFormats, Ue5m3CarriesAndUnderflows) {
  const auto code = [](float x) { return encode(kUe5m3, round_to(kUe5m3, x)); };
  EXPECT_EQ(code(1.0f), 0x78);
  EXPECT_EQ(code(1.9f), 0x7f);
  EXPECT_EQ(code(1.95f), 0x80);
  EXPECT_EQ(code(2.0f), 0x80);
  EXPECT_EQ(code(114688.0f), 0xfe);
  EXPECT_EQ(code(0x1p-14f), 0x08);
  EXPECT_EQ(code(0x1p-17f), 0x01);
  EXPECT_EQ(code(1e-9f), 0x00);
}

}  // namespace
}  // namespace ar::quant::test
