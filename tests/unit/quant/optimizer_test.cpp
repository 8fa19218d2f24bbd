#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/optimizer.hpp"

namespace ar::quant::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(SignDescent, MovesByTheRateAgainstTheSign) {
  std::vector<float> p{1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
  const std::vector<float> g{3.0f, -1e-30f, 0.0f, -0.0f, kNan};
  sign_descent(p.data(), g.data(), 5, 0.25f);
  EXPECT_EQ(p, (std::vector<float>{0.75f, 1.25f, 1.0f, 1.0f, 1.0f}));
}

TEST(SignDescent, MomentumKeepsTheDirection) {
  std::vector<float> p{0.0f}, buffer{0.0f};
  const std::vector<float> first{1.0f}, second{-0.5f};
  sign_descent_momentum(p.data(), first.data(), buffer.data(), 1, 0.5f, 0.9f);
  EXPECT_EQ(buffer[0], 1.0f);
  sign_descent_momentum(p.data(), second.data(), buffer.data(), 1, 0.5f, 0.9f);
  EXPECT_FLOAT_EQ(buffer[0], 0.4f);
  EXPECT_EQ(p[0], -1.0f);
}

TEST(SignDescent, ZeroMomentumEqualsNone) {
  std::vector<float> p{0.3f, -0.2f}, q = p, buffer(2);
  const std::vector<float> g{-2.0f, 5.0f};
  sign_descent(p.data(), g.data(), 2, 0.1f);
  sign_descent_momentum(q.data(), g.data(), buffer.data(), 2, 0.1f, 0.0f);
  EXPECT_EQ(p, q);
}

}  // namespace
}  // namespace ar::quant::test
