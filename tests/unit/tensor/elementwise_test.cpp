#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "core/tensor/elementwise.hpp"

namespace ar::tensor {
namespace {

template <typename Body>
void on_every_target(Body body) {
  const auto supported = hwy::SupportedTargets();
  for (auto rest = supported; rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & (~rest + 1));
    SCOPED_TRACE(hwy::TargetName(rest & (~rest + 1)));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

std::vector<float> numbers(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& v : x) v = normal(random);
  return x;
}

TEST(RoundToBf16, TiesGoToEven) {
  EXPECT_EQ(round_to_bf16(1.00390625f), 1.0f);                    // 1 + 2^-8
  EXPECT_EQ(round_to_bf16(1.01171875f), 1.015625f);               // 1 + 3 * 2^-8
  EXPECT_TRUE(std::isnan(round_to_bf16(float_of(0x7f800001u))));  // a NaN whose upper half alone reads as infinity
}

TEST(RoundToF16, MatchesTheFormat) {
  EXPECT_EQ(round_to_f16(1e-5f), 168 * 0x1p-24f);
  EXPECT_EQ(round_to_f16(0x1p-25f), 0.0f);  // tie to even
  EXPECT_EQ(round_to_f16(3 * 0x1p-25f), 2 * 0x1p-24f);
  EXPECT_EQ(round_to_f16(1.0f + 0x1p-11f), 1.0f);
  EXPECT_EQ(round_to_f16(1.0f + 3 * 0x1p-11f), 1.0f + 0x1p-9f);
  EXPECT_EQ(round_to_f16(65519.0f), 65504.0f);
  EXPECT_TRUE(std::isinf(round_to_f16(-65520.0f)));
  EXPECT_EQ(bits_of(round_to_f16(-0.0f)), 0x80000000u);
}

TEST(Convert, EqualsReferenceOnEveryTarget) {
  auto x = numbers(77, 1);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[4] = -std::numeric_limits<float>::infinity();
  x[5] = std::numeric_limits<float>::max();
  x[6] = float_of(0x7f800001u);
  on_every_target([&] {
    std::vector<Bf16> fast(x.size()), plain(x.size());
    convert(x.data(), fast.data(), 77);
    reference::convert(x.data(), plain.data(), 77);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(fast[i].bits, plain[i].bits) << i;
    std::vector<float> back(x.size());
    convert(fast.data(), back.data(), 77);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bits_of(back[i]), uint32_t{fast[i].bits} << 16) << i;
  });
}

TEST(SquaredError, EqualsReferenceOnEveryTarget) {
  constexpr int64_t kRows = 150, kCols = 53;
  const auto pred = numbers(kRows * kCols, 2), target = numbers(kRows * kCols, 3);
  std::vector<Bf16> target16(target.size());
  convert(target.data(), target16.data(), kRows * kCols);
  std::vector<uint8_t> keep(kRows);
  for (size_t i = 0; i < keep.size(); ++i) keep[i] = i % 7 != 0;
  on_every_target([&] {
    for (const uint8_t* mask : {static_cast<const uint8_t*>(nullptr), static_cast<const uint8_t*>(keep.data())}) {
      const LossInput input{pred.data(), target16.data(), kRows, kCols, mask};
      std::vector<float> fast(pred.size(), 9.0f), plain(pred.size(), 8.0f);
      EXPECT_EQ(squared_error(input, 0.25f, fast.data()), reference::squared_error(input, 0.25f, plain.data()));
      EXPECT_EQ(fast, plain);
      EXPECT_EQ(squared_error(input, 0.25f, {nullptr, Real::kF32}), squared_error(input, 0.25f, fast.data()));
    }
  });
}

TEST(SquaredError, Bf16GradientsEqualReference) {
  constexpr int64_t kRows = 9, kCols = 40;
  const auto pred = numbers(kRows * kCols, 4), target = numbers(kRows * kCols, 5);
  std::vector<Bf16> p(pred.size()), fast(pred.size()), plain(pred.size());
  convert(pred.data(), p.data(), kRows * kCols);
  const LossInput input{p.data(), target.data(), kRows, kCols};
  EXPECT_EQ(squared_error(input, 3.0f, fast.data()), reference::squared_error(input, 3.0f, plain.data()));
  for (size_t i = 0; i < fast.size(); ++i) ASSERT_EQ(fast[i].bits, plain[i].bits) << i;
}

TEST(SquaredError, GradientIsTheDerivative) {
  constexpr int64_t kCols = 24;
  auto pred = numbers(kCols, 6);
  const auto target = numbers(kCols, 7);
  std::vector<float> grad(kCols);
  const LossInput input{pred.data(), target.data(), 1, kCols};
  squared_error(input, 2.0f, grad.data());
  constexpr float kStep = 0x1p-6f;
  for (size_t i = 0; i < kCols; ++i) {
    const float x = pred[i];
    pred[i] = x + kStep;
    const double above = squared_error(input, 0, {nullptr, Real::kF32});
    pred[i] = x - kStep;
    const double below = squared_error(input, 0, {nullptr, Real::kF32});
    pred[i] = x;
    // A parabola: central differences are exact but for float32 rounding of a sum near 50, over a step of 2^-5.
    EXPECT_NEAR((above - below) / (2 * kStep), grad[i], 50 * 0x1p-23 / kStep);
  }
}

}  // namespace
}  // namespace ar::tensor
