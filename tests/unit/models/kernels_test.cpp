#include "plugins/models/common/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/unit/models/random.hpp"

namespace ar::models::kernels {
namespace {

using test::random_numbers;

// Sums of n float32 products in another order, and exp to 1 ulp: some units in the last place, with room.
constexpr double kRelative = 4e-6;

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, const char* what) {
  double largest = 0.0;
  for (const float v : expected) largest = std::max(largest, std::fabs(static_cast<double>(v)));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], kRelative * largest) << what << "[" << i << "] of " << expected.size();
  }
}

/// Lengths around every vector width.
class Kernels : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Lengths, Kernels, testing::Values(1, 2, 7, 8, 16, 31, 33, 64, 100, 576));

TEST_P(Kernels, RmsNormEqualsItsReference) {
  const int64_t n = GetParam(), rows = 3;
  const auto size = static_cast<std::size_t>(rows * n);
  const auto x = random_numbers(size, 1, 3.0f), dy = random_numbers(size, 2);
  const auto w = random_numbers(static_cast<std::size_t>(n), 3, 2.0f);
  std::vector<float> y(size), y_ref(size), dx(size), dx_ref(size), rstd(rows), rstd_ref(rows);
  rms_norm(x.data(), w.data(), y.data(), rstd.data(), rows, n, 1e-5f);
  reference::rms_norm(x.data(), w.data(), y_ref.data(), rstd_ref.data(), rows, n, 1e-5f);
  expect_near(y, y_ref, "y");
  expect_near(rstd, rstd_ref, "rstd");

  rms_norm_grad(x.data(), w.data(), rstd_ref.data(), dy.data(), dx.data(), rows, n);
  reference::rms_norm_grad(x.data(), w.data(), rstd_ref.data(), dy.data(), dx_ref.data(), rows, n);
  if (n > 1) expect_near(dx, dx_ref, "dx");  // one number has no gradient: only rounding is left

  std::vector<float> dw(w.size()), dw_ref(w.size());
  rms_norm_weight_grad(x.data(), rstd_ref.data(), dy.data(), dw.data(), rows, n);
  reference::rms_norm_weight_grad(x.data(), rstd_ref.data(), dy.data(), dw_ref.data(), rows, n);
  expect_near(dw, dw_ref, "dw");
}

TEST_P(Kernels, RotationEqualsItsReferenceAndIsUndone) {
  const int64_t half = GetParam(), d = 2 * half + 3, heads = 2, length = 3, positions = 6;
  const auto size = static_cast<std::size_t>(positions * heads * d);
  const auto x = random_numbers(size, 4);
  const auto angle = random_numbers(static_cast<std::size_t>(length * half), 5, 3.0f);
  std::vector<float> cos, sin;
  for (const float a : angle) {
    cos.push_back(std::cos(a));
    sin.push_back(std::sin(a));
  }
  std::vector<float> y(size), y_ref(size), back(size);
  rotate_half(x.data(), cos.data(), sin.data(), y.data(), positions, length, heads, d, half, 1.0f);
  reference::rotate_half(x.data(), cos.data(), sin.data(), y_ref.data(), positions, length, heads, d, half, 1.0f);
  expect_near(y, y_ref, "y");
  rotate_half(y.data(), cos.data(), sin.data(), back.data(), positions, length, heads, d, half, -1.0f);
  expect_near(back, x, "undone");
}

TEST_P(Kernels, SiluEqualsItsReference) {
  const auto n = static_cast<std::size_t>(GetParam());
  auto g = random_numbers(n, 6, 12.0f);
  g[0] = -300.0f;  // exp(300) overflows
  const auto u = random_numbers(n, 7), dy = random_numbers(n, 8);
  std::vector<float> y(n), y_ref(n), dg(n), dg_ref(n), du(n), du_ref(n);
  silu_mul(g.data(), u.data(), y.data(), GetParam());
  reference::silu_mul(g.data(), u.data(), y_ref.data(), GetParam());
  if (n > 1) expect_near(y, y_ref, "y");
  EXPECT_NEAR(y[0], 0.0f, 1e-30f);
  silu_mul_grad(g.data(), u.data(), dy.data(), dg.data(), du.data(), GetParam());
  reference::silu_mul_grad(g.data(), u.data(), dy.data(), dg_ref.data(), du_ref.data(), GetParam());
  if (n > 1) expect_near(dg, dg_ref, "dg");
  if (n > 1) expect_near(du, du_ref, "du");
}

}  // namespace
}  // namespace ar::models::kernels
