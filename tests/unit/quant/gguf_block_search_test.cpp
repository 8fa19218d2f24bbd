// Optimized rounding of Q4_0, Q5_0 and Q8_0.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/gguf_block_search.hpp"
#include "core/quant/gguf_legacy_kernel.hpp"
#include "core/quant/search_math.hpp"
#include "tests/unit/quant/every_target.hpp"

namespace ar::quant::test {
namespace {

IntGrid grid_of(int bits, int64_t rows, int64_t columns) {
  Scheme scheme;
  scheme.bits = bits;
  scheme.group_size = 32;
  return make_grid(scheme, rows, columns, ScaleType::kF32);
}

struct Rounded {
  std::vector<uint8_t> codes;
  std::vector<float> scale;
  explicit Rounded(const IntGrid& grid)
      : codes(static_cast<size_t>(grid.rows * grid.cols)), scale(static_cast<size_t>(grid.rows * grid.groups())) {}
  IntPlanes planes() { return {codes.data(), scale.data(), nullptr}; }
  float value(const IntGrid& grid, size_t i) const {
    return scale[i / 32] * (static_cast<float>(codes[i]) - grid.half());
  }
  double error(const IntGrid& grid, const std::vector<float>& w, const std::vector<float>& weights) const {
    double sum = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      const double off = double{value(grid, i)} - double{w[i]};
      sum += off * off * (weights.empty() ? 1.0 : double{weights[i % static_cast<size_t>(grid.cols)]});
    }
    return sum;
  }
};

/// Rows of every kind: zeros, constants, ties of the extremes, outliers, the ends of float32.
std::vector<float> rows_of_every_kind(const IntGrid& grid, std::mt19937& random) {
  std::normal_distribution<float> normal(0.0F, 0.02F);
  std::vector<float> w(static_cast<size_t>(grid.rows * grid.cols));
  for (int64_t i = 0; i < grid.rows * grid.cols; ++i) {
    const int64_t column = i % grid.cols;
    float x = normal(random);
    switch (i / grid.cols % 12) {
      case 1: x = 0.0F; break;
      case 2: x = -0.375F; break;
      case 3: x = column % 2 == 0 ? 0.25F : -0.25F; break;
      case 4: x = static_cast<float>(static_cast<int>(random() % 17) - 8) / 8.0F; break;
      case 5: x = column % 32 == 7 ? 50.0F * x : x; break;
      case 6: x = column % 32 == 7 ? 1.0F : 0.0F; break;
      case 7: x *= 0x1p-120F; break;
      case 8: x *= 0x1p-28F; break;  // scales below float16's smallest
      case 9: x *= 0x1p40F; break;   // above its largest
      case 10: x = std::fabs(x); break;
      default: break;
    }
    w[static_cast<size_t>(i)] = x;
  }
  return w;
}

std::vector<float> importance_of(int kind, int64_t columns, std::mt19937& random) {
  std::lognormal_distribution<float> spread(0.0F, 1.5F);
  std::vector<float> importance(static_cast<size_t>(columns));
  for (float& x : importance) x = kind == 2 && random() % 3 == 0 ? 0.0F : spread(random);
  if (kind == 3) std::fill_n(importance.begin(), 32, 0.0F);
  return importance;
}

class GgufBlockSearch : public testing::TestWithParam<int> {};

TEST_P(GgufBlockSearch, EqualsItsReference) {
  std::mt19937 random(7);
  const IntGrid grid = grid_of(GetParam(), 24, 96);
  const std::vector<float> w = rows_of_every_kind(grid, random);
  std::vector<tensor::Bf16> narrow(w.size());
  std::transform(w.begin(), w.end(), narrow.begin(), tensor::to_bf16);
  for (int kind = 0; kind < 4; ++kind) {
    SCOPED_TRACE(kind);
    const std::vector<float> values = importance_of(kind, grid.cols, random);
    const Importance importance = kind == 0 ? Importance() : Importance(values.data(), grid);
    for (const tensor::ConstReals from : {tensor::ConstReals(w.data()), tensor::ConstReals(narrow.data())}) {
      Rounded plain(grid);
      reference::round_searched_blocks(grid, from, {0, grid.rows}, importance, plain.planes());
      on_every_target([&] {
        Rounded fast(grid);
        round_searched_blocks(grid, from, {0, grid.rows}, importance, fast.planes());
        EXPECT_EQ(fast.scale, plain.scale);
        EXPECT_EQ(fast.codes, plain.codes);
      });
      for (const float scale : plain.scale) {
        EXPECT_EQ(tensor::round_to_f16(scale), scale);
        EXPECT_TRUE(std::isfinite(scale));
      }
    }
  }
}

/// Beside the scale of the whole range, as plain rounding has it, and beside upstream's search of 201 scales.
TEST_P(GgufBlockSearch, LosesNoMoreThanWhatItStandsFor) {
  std::mt19937 random(8);
  const IntGrid grid = grid_of(GetParam(), 64, 256);
  std::normal_distribution<float> normal(0.0F, 0.02F);
  std::vector<float> w(static_cast<size_t>(grid.rows * grid.cols)), scratch(64);
  for (float& x : w) x = normal(random);
  for (int kind = 0; kind < 2; ++kind) {
    SCOPED_TRACE(kind);
    const std::vector<float> weights = kind == 0 ? std::vector<float>() : importance_of(kind, grid.cols, random);
    const Importance importance = kind == 0 ? Importance() : Importance(weights.data(), grid);
    Rounded found(grid), plain(grid), upstream(grid);
    round_searched_blocks(grid, w.data(), {0, grid.rows}, importance, found.planes());
    round_sym_blocks(grid, w.data(), {0, grid.rows}, plain.planes());
    search_scales(grid, w.data(), {0, grid.rows}, search_divisors(grid.bits, 0.75), importance, scratch.data(),
                  upstream.scale.data());
    for (size_t i = 0; i < w.size(); ++i) {
      const float code = std::nearbyint(w[i] / upstream.scale[i / 32]);
      upstream.codes[i] = static_cast<uint8_t>(std::clamp(code, -grid.half(), grid.half() - 1) + grid.half());
    }
    EXPECT_LT(found.error(grid, w, weights), 0.95 * plain.error(grid, w, weights));     // seen: 0.55 to 0.89
    EXPECT_LT(found.error(grid, w, weights), 1.05 * upstream.error(grid, w, weights));  // seen: 0.99 to 1.03
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, GgufBlockSearch, testing::Values(4, 5, 8),
                         [](const auto& bits) { return "Q" + std::to_string(bits.param) + "_0"; });

}  // namespace
}  // namespace ar::quant::test
