#include "core/tensor/matmul.hpp"

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <tbb/global_control.h>

#include "core/tensor/parallel.hpp"

namespace ar::tensor {
namespace {

// float32 sums of 300 products of unit normal numbers, two summation orders.
constexpr double kSumTolerance = 1e-4;

TEST(Matmul, EqualsLibTorchsOwn) {
  const at::Tensor x = at::randn({700, 300});
  const at::Tensor w = at::randn({90, 300});
  const at::Tensor v = at::randn({300, 90});
  EXPECT_LT((matmul_nt(x, w) - at::matmul(x, w.t())).abs().max().item<double>(), kSumTolerance);
  EXPECT_LT((matmul_nn(x, v) - at::matmul(x, v)).abs().max().item<double>(), kSumTolerance);
}

TEST(Matmul, LinearAddsBiasAndKeepsLeadingSizes) {
  const at::Tensor x = at::randn({2, 5, 8});
  const at::Tensor w = at::randn({3, 8});
  const at::Tensor b = at::randn({3});
  const at::Tensor y = linear(x, w, b);
  ASSERT_EQ(y.sizes(), (at::IntArrayRef{2, 5, 3}));
  EXPECT_LT((y - (at::matmul(x, w.t()) + b)).abs().max().item<double>(), kSumTolerance);
}

TEST(Matmul, GivesTheSameBytesOnAnyNumberOfThreads) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = at::randn({1000, 256}).to(dtype);
    const at::Tensor w = at::randn({320, 256}).to(dtype);
    at::Tensor one;
    {
      ThreadControl threads(1);
      one = matmul_nt(x, w);
    }
    ThreadControl threads(2);
    EXPECT_TRUE(at::equal(one, matmul_nt(x, w)));
  }
}

}  // namespace
}  // namespace ar::tensor
