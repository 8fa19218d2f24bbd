// From codes back to values, and the signs of zeros.
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <ATen/ops/tensor.h>

#include "core/quant/int_dequantize.hpp"
#include "core/quant/signed_zeros.hpp"
#include "tests/unit/quant/every_target.hpp"

namespace ar::quant::test {
namespace {

TEST(IntDequantize, EqualsItsReference) {
  std::mt19937 random(11);
  for (int64_t group : {-1, 5, 32, 128}) {
    SCOPED_TRACE(group);
    Scheme scheme;
    scheme.group_size = group;
    const IntGrid grid = make_grid(scheme, 5, 203);
    std::vector<uint8_t> codes(static_cast<size_t>(grid.rows * grid.cols));
    std::vector<float> scale(static_cast<size_t>(grid.rows * grid.groups())), zero(scale.size());
    for (uint8_t& c : codes) c = static_cast<uint8_t>(random() % 16);
    for (float& s : scale) s = std::normal_distribution<float>()(random);
    for (float& z : zero) z = static_cast<float>(random() % 16);
    for (const float* zeros : {static_cast<const float*>(nullptr), static_cast<const float*>(zero.data())}) {
      const StoredIntPlanes planes{codes.data(), scale.data(), zeros};
      std::vector<float> wide(codes.size()), plain(codes.size());
      std::vector<tensor::Bf16> narrow(codes.size()), plain_narrow(codes.size());
      reference::dequantize_rows(grid, planes, {0, grid.rows}, plain.data());
      reference::dequantize_rows(grid, planes, {0, grid.rows}, plain_narrow.data());
      on_every_target([&] {
        for (const RowRange rows : {RowRange{3, 5}, RowRange{0, 3}}) {
          dequantize_rows(grid, planes, rows, wide.data());
          dequantize_rows(grid, planes, rows, narrow.data());
        }
        for (size_t i = 0; i < codes.size(); ++i) {
          ASSERT_EQ(wide[i], plain[i]) << i;
          ASSERT_FALSE(wide[i] == 0.0F && std::signbit(wide[i])) << i;
          ASSERT_EQ(narrow[i].bits, plain_narrow[i].bits) << i;
        }
      });
    }
  }
}

/// 35 elements: whole vectors and a rest.
TEST(SignZeros, TakesTheSourcesSign) {
  const at::Tensor source = at::tensor({-1.0F, 2.0F, -0.0F, 0.0F, -3.0F}, at::kFloat).repeat({7});
  const at::Tensor values = at::tensor({0.0F, -0.0F, 0.0F, -0.0F, -5.0F}, at::kFloat).repeat({7});
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
    for (const bool of_zeros : {false, true})
      on_every_target([&] {
        const at::Tensor signed_values = values.to(type, /*non_blocking=*/false, /*copy=*/true);
        sign_zeros(source.to(type), signed_values, of_zeros);
        const at::Tensor wide = signed_values.to(at::kFloat).contiguous();
        const float* found = wide.const_data_ptr<float>();
        for (int i = 0; i < 35; ++i) {
          const bool negative[] = {true, false, of_zeros, !of_zeros, true};
          EXPECT_EQ(std::signbit(found[i]), negative[i % 5]) << i << (of_zeros ? " of zeros" : "");
          EXPECT_EQ(found[i], i % 5 == 4 ? -5.0F : 0.0F) << i;
        }
      });
}

}  // namespace
}  // namespace ar::quant::test
