#include "plugins/models/common/ops.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <vector>

#include <ATen/TensorOperators.h>

#include "plugins/models/common/attention_op.hpp"
#include "plugins/models/common/attention_pairs.hpp"
#include "tests/unit/models/random.hpp"

namespace ar::models {
namespace {

using test::random_tensor;

constexpr double kTolerance = 1e-5;  // float32 against float64 of numbers near 1

using Op = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// Output, then the gradient of sum(output * weights) with respect to every argument.
std::vector<at::Tensor> run(const Op& op, const std::vector<at::Tensor>& arguments, at::ScalarType dtype) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& a : arguments) leaves.push_back(a.to(dtype, false, true).set_requires_grad(true));
  const at::Tensor y = op(leaves);
  (y * random_tensor(y.sizes().vec(), 99).to(dtype)).sum().backward();
  std::vector<at::Tensor> results = {y.detach()};
  for (const at::Tensor& leaf : leaves) results.push_back(leaf.grad());
  return results;
}

/// The fused operation in float32 against LibTorch's operators and autograd in float64.
void expect_same(const Op& fused, const Op& composed, const std::vector<at::Tensor>& arguments,
                 double tolerance = kTolerance) {
  const auto actual = run(fused, arguments, at::kFloat);
  const auto expected = run(composed, arguments, at::kDouble);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_TRUE(actual[i].defined()) << i;
    const double difference = (actual[i].to(at::kDouble) - expected[i]).abs().max().item<double>();
    EXPECT_LE(difference, tolerance * (1.0 + expected[i].abs().max().item<double>())) << "result " << i;
  }
}

TEST(Ops, RmsNormEqualsItsComposition) {
  expect_same([](const auto& a) { return rms_norm(a[0], a[1], 1e-6); },
              [](const auto& a) { return composed::rms_norm(a[0], a[1], 1e-6); },
              {random_tensor({2, 5, 24}, 1), random_tensor({24}, 2)});
}

TEST(Ops, RotationEqualsItsComposition) {
  Rope rope;
  rope.width = 8;
  const RopeTables tables = rope_tables(rope, 5);
  const RopeTables wide{tables.cos.to(at::kDouble), tables.sin.to(at::kDouble)};
  const auto fused = [&](const auto& a) { return rotate_half(a[0], tables); };
  const auto composed = [&](const auto& a) { return composed::rotate_half(a[0], wide); };
  expect_same(fused, composed, {random_tensor({2, 5, 3, 8}, 3)});
  expect_same(fused, composed, {random_tensor({2, 5, 3, 12}, 4)});
  // What attention's gradient looks like: heads before positions in memory.
  expect_same([&](const auto& a) { return rotate_half(a[0].transpose(1, 2), tables); },
              [&](const auto& a) { return composed::rotate_half(a[0].transpose(1, 2), wide); },
              {random_tensor({2, 3, 5, 8}, 5)});
}

TEST(Ops, SiluMulEqualsItsComposition) {
  expect_same([](const auto& a) { return silu_mul(a[0], a[1]); },
              [](const auto& a) { return composed::silu_mul(a[0], a[1]); },
              {random_tensor({2, 5, 19}, 6, 4.0f), random_tensor({2, 5, 19}, 7)});
}

/// tokens, heads, key-value heads, head_dim: blocks that end short, rows that are no whole vectors, grouped heads.
TEST(Ops, CausalAttentionEqualsItsComposition) {
  for (const auto& [t, n, n_kv, d] :
       {std::array<int64_t, 4>{1, 2, 1, 8}, {5, 4, 2, 16}, {64, 2, 2, 24}, {70, 6, 2, 64}, {130, 3, 1, 20}}) {
    expect_same([](const auto& a) { return causal_attention(a[0], a[1], a[2]); },
                [](const auto& a) { return composed::attention(a[0], a[1], a[2], {}); },
                {random_tensor({1, t, n, d}, 1), random_tensor({1, t, n_kv, d}, 2), random_tensor({1, t, n_kv, d}, 3)});
  }
}

/// Products of operands rounded to bfloat16 (8 bits): results of numbers near 1 agree to a few of its steps.
TEST(Ops, CausalAttentionOnPairsEqualsItsComposition) {
  if (!kernels::multiplies_pairs()) GTEST_SKIP() << "this processor does not multiply pairs of bfloat16";
  for (const auto& [t, n, n_kv, d] : {std::array<int64_t, 4>{1, 2, 1, 8}, {5, 4, 2, 16}, {33, 2, 2, 6}, {64, 2, 2, 24},
                                      {70, 6, 2, 64}, {130, 3, 1, 20}, {97, 2, 2, 128}}) {
    expect_same([](const auto& a) { return causal_attention(a[0], a[1], a[2], at::kBFloat16); },
                [](const auto& a) { return composed::attention(a[0], a[1], a[2], {}); },
                {random_tensor({1, t, n, d}, 1), random_tensor({1, t, n_kv, d}, 2), random_tensor({1, t, n_kv, d}, 3)},
                0x1p-8);
  }
}

}  // namespace
}  // namespace ar::models
