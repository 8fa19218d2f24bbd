#include "core/tune/loss.hpp"

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>

namespace ar::tune {
namespace {

constexpr double kFloatTolerance = 1e-5;  // float32 rounding of values near 1

TEST(SquaredError, MatchesItsDefinitionAndSkipsMaskedPositions) {
  const at::Tensor prediction = at::randn({1, 3, 4});
  const at::Tensor target = at::randn({3, 4});
  const SampleLoss loss = squared_error(prediction, target, {1, 0, 1}, 0.5F);
  at::Tensor d = prediction.squeeze(0) - target;
  d.select(0, 1).zero_();
  EXPECT_NEAR(loss.sum, (d * d).sum().item<double>(), kFloatTolerance * 10);
  EXPECT_LT((loss.gradient.squeeze(0) - d).abs().max().item<double>(), kFloatTolerance);
}

}  // namespace
}  // namespace ar::tune
