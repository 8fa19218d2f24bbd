#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/max.h>
#include <ATen/ops/randn.h>

#include "core/tensor/linear_weight.hpp"
#include "core/tensor/matmul.hpp"
#include "core/tensor/pair_product.hpp"
#include "core/tensor/token_rows.hpp"

namespace ar::tensor {
namespace {

std::vector<float> numbers(int64_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = normal(random);
  return x;
}

struct Packed {
  std::vector<uint32_t> words;
  PairPanels view;
  Packed(int64_t columns, int64_t pairs)
      : words(static_cast<size_t>(panels_of(columns) * pairs * kPanel)), view{words.data(), pairs * kPanel} {}
};

/// Rows, columns, length of the sum: whole tiles, and pieces of tiles, panels and pairs.
struct Size {
  int64_t m, n, k;
};
constexpr Size kSizes[] = {{16, 96, 64}, {13, 50, 34}, {1, 1, 2}, {9, 47, 7}};

TEST(PackRowPairs, EqualsReference) {
  for (const auto& [m, n, k] : kSizes) {
    const auto x = numbers(k * n, 1);
    const int64_t pairs = (k + 1) / 2;
    Packed fast(n, pairs), plain(n, pairs), again(n, pairs);
    std::vector<Bf16> rounded(x.size()), expected(x.size());
    pack_row_pairs(x.data(), k, n, fast.view, rounded.data());
    reference::pack_row_pairs(x.data(), k, n, plain.view, expected.data());
    pack_row_pairs(expected.data(), k, n, again.view);
    EXPECT_EQ(fast.words, plain.words);
    EXPECT_EQ(again.words, plain.words);
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(rounded[i].bits, expected[i].bits);
  }
}

TEST(PackTurned, EqualsReference) {
  for (const auto& [rows, pairs] : {std::array<int64_t, 2>{96, 32}, {50, 33}, {15, 7}, {16, 16}, {1, 1}}) {
    const auto numbers_of = numbers(rows * pairs * 2, 4);
    std::vector<Bf16> x;
    for (const float v : numbers_of) x.push_back(to_bf16(v));
    Packed fast(rows, pairs), plain(rows, pairs);
    pack_turned(x.data(), rows, pairs, fast.view);
    reference::pack_turned(x.data(), rows, pairs, plain.view);
    EXPECT_EQ(fast.words, plain.words) << rows << " x " << pairs;
  }
}

TEST(PairProduct, EqualsReferenceForBothKindsOfLeftOperand) {
  for (const auto& [m, n, k] : kSizes) {
    const int64_t pairs = (k + 1) / 2;
    Packed left(m, pairs), right(n, pairs);
    std::vector<Bf16> unused(static_cast<size_t>(k * std::max(m, n)));
    reference::pack_row_pairs(numbers(k * m, 2).data(), k, m, left.view, unused.data());
    reference::pack_row_pairs(numbers(k * n, 3).data(), k, n, right.view, unused.data());
    for (const PairRows& a : {PairRows{left.words.data(), 1, kPanel}, PairRows{left.words.data(), pairs, 1}}) {
      std::vector<float> fast(static_cast<size_t>(m * n), NAN), plain(fast);
      pair_product(a, m, right.view, n, pairs, fast.data(), n);
      reference::pair_product(a, m, right.view, n, pairs, plain.data(), n);
      for (size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(fast[i], plain[i], 1e-5 * std::sqrt(k) * 4) << i;
    }
  }
}

TEST(LinearWeight, GivesBothProductsAndFollowsItsValues) {
  for (const auto dtype : {at::kBFloat16, at::kFloat}) {
    at::Tensor w = at::randn({160, 70}).to(dtype);
    LinearWeight weight(w, true);
    w.narrow(0, kPanel, kPanel).mul_(-2.0);
    weight.refresh(kPanel, 2 * kPanel);
    const at::Tensor x = at::randn({11, 70}).to(dtype), dy = at::randn({11, 160}).to(dtype);
    const double tolerance = dtype == at::kFloat   ? 1e-4
                             : has_pair_products() ? 1e-4
                                                   : 0.3;  // LibTorch rounds to bfloat16
    EXPECT_LT((weight.forward(x) - at::mm(x.to(at::kFloat), w.to(at::kFloat).t())).abs().max().item().toDouble(),
              tolerance);
    EXPECT_LT((weight.backward(dy) - at::mm(dy.to(at::kFloat), w.to(at::kFloat))).abs().max().item().toDouble(),
              tolerance);
  }
}

TEST(TokenRows, GiveTheWeightGradientOfTheSamplesUsed) {
  constexpr int64_t kTokens = 5;  // odd: a pair is half empty
  for (const auto dtype : {at::kBFloat16, at::kFloat}) {
    const at::Tensor x = at::randn({3 * kTokens, 70}), dy = at::randn({3 * kTokens, 100});
    TokenRows inputs(3, kTokens, 70, dtype), gradients(3, kTokens, 100, dtype);
    for (int64_t s = 0; s < 3; ++s) {
      const at::Tensor rows = inputs.put(s, x.narrow(0, s * kTokens, kTokens));
      EXPECT_TRUE(at::equal(rows, x.narrow(0, s * kTokens, kTokens).to(dtype)));
      gradients.put(s, dy.narrow(0, s * kTokens, kTokens));
    }
    const auto of_two = [&](const at::Tensor& t) { return t.narrow(0, 0, 2 * kTokens).to(dtype).to(at::kFloat); };
    const at::Tensor expected = at::mm(of_two(dy).t(), of_two(x)).narrow(0, kPanel, 52);
    const at::Tensor got = weight_gradient(gradients, kPanel, 100, inputs, 2);
    EXPECT_LT((got - expected).abs().max().item().toDouble(), dtype == at::kFloat || has_pair_products() ? 1e-4 : 0.1);
  }
}

}  // namespace
}  // namespace ar::tensor
