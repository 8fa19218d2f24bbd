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

std::vector<Bf16> rounded(const std::vector<float>& x) {
  std::vector<Bf16> y;
  for (const float v : x) y.push_back(to_bf16(v));
  return y;
}

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

TEST(RoundAllToBf16, EqualsReferenceOnEveryTarget) {
  auto x = numbers(77, 1);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[4] = -std::numeric_limits<float>::infinity();
  x[5] = std::numeric_limits<float>::max();
  x[6] = float_of(0x7f800001u);
  auto plain = x;
  reference::round_all_to_bf16(plain.data(), 77);
  on_every_target([&] {
    auto fast = x;
    round_all_to_bf16(fast.data(), 77);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bits_of(fast[i]), bits_of(plain[i])) << i;
  });
}

TEST(FirstNonfinite, IsTheFirstOfSeveralWhereverItLies) {
  for (const int64_t at : {0, 1, 4095, 4096, 9000}) {
    std::vector<uint16_t> x(9001, 0x7f7f);
    EXPECT_EQ(first_nonfinite(x.data(), 9001, 0x7f80), -1);
    x[9000] = 0xff80;
    x[static_cast<size_t>(at)] = 0x7fc0;
    EXPECT_EQ(first_nonfinite(x.data(), 9001, 0x7f80), at);
  }
}

TEST(SquaredError, EqualsReferenceOnEveryTarget) {
  constexpr int64_t kRows = 150, kCols = 53;
  const auto pred = numbers(kRows * kCols, 2), target = numbers(kRows * kCols, 3);
  const auto target16 = rounded(target);
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
  const auto p = rounded(pred);
  std::vector<Bf16> fast(pred.size()), plain(pred.size());
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
