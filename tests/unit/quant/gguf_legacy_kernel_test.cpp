// Rounding to GGUF's blocks of 32: the vector kernels against their scalar references, on every instruction set this
// machine has.
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/gguf_legacy_kernel.hpp"
#include "core/quant/int_reference.hpp"
#include "tests/unit/quant/every_target.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

using Round = void (*)(const IntGrid&, ConstReals, RowRange, const IntPlanes&);

struct Rounded {
  std::vector<uint8_t> codes;
  std::vector<float> scale, zero;
};

Rounded rounded(const IntGrid& grid, ConstReals weight, Round round) {
  const auto groups = static_cast<size_t>(grid.rows * grid.groups());
  Rounded r{std::vector<uint8_t>(groups * 32), std::vector<float>(groups), std::vector<float>(groups)};
  round(grid, weight, {0, grid.rows}, {r.codes.data(), r.scale.data(), grid.sym ? nullptr : r.zero.data()});
  return r;
}

std::vector<uint32_t> bits_of(const std::vector<float>& x) {
  std::vector<uint32_t> bits;
  for (const float v : x) bits.push_back(tensor::bits_of(v));
  return bits;
}

/// Bit for bit: a scale of -0 is stored as such.
void expect_equal(const Rounded& a, const Rounded& b) {
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(bits_of(a.scale), bits_of(b.scale));
  EXPECT_EQ(bits_of(a.zero), bits_of(b.zero));
}

IntGrid sym_grid(int bits, int64_t rows, int64_t cols) {
  Scheme scheme;
  scheme.bits = bits;
  scheme.group_size = 32;
  return make_grid(scheme, rows, cols, ScaleType::kF32);
}

/// Elements in the middle of two codes and next to it on both sides, of blocks whose scales span the numbers' range.
std::vector<float> middles(int bits, int64_t blocks) {
  std::mt19937 random(3);
  const int half = 1 << (bits - 1);
  std::vector<float> w;
  for (int64_t b = 0; b < blocks; ++b) {
    const float exponent = static_cast<float>(static_cast<int>(random() % 240) - 115);
    const float extreme = (1.0f + static_cast<float>(random() % 1024) / 1024.0f) * std::exp2(exponent);
    const float sign = random() % 2 == 0 ? 1.0f : -1.0f;
    w.push_back(sign * extreme);
    for (int k = 1; k < 32; ++k) {
      const auto code = static_cast<float>(static_cast<int>(random() % static_cast<unsigned>(2 * half)) - half);
      float x = (code + 0.5f) / static_cast<float>(half) * extreme;
      if (const auto side = random() % 5; side < 2) x = std::nextafter(x, side == 0 ? INFINITY : -INFINITY);
      w.push_back(x);
    }
  }
  return w;
}

TEST(LegacyKernel, MatchesReference) {
  for (const Shape& s : {Shape{4, true, 32, 15, 96}, Shape{5, true, 32, 15, 96}, Shape{8, true, 32, 15, 96},
                         Shape{4, false, 32, 15, 96}, Shape{5, false, 32, 15, 96, Real::kF32}}) {
    SCOPED_TRACE(name(s));
    TuningCase c(s);
    c.grid.real_zero = !s.sym;
    const Rounded expected = rounded(c.grid, c.weight.view(), reference::round_legacy);
    on_every_target([&] { expect_equal(rounded(c.grid, c.weight.view(), round_legacy), expected); });
  }
}

TEST(LegacyKernel, OnePassEqualsRangesAndCodes) {
  for (int bits : {4, 5, 8})
    for (Real type : {Real::kBf16, Real::kF32}) {
      const Shape s{bits, true, 32, 17, 96, type, ScaleType::kF32, false};
      SCOPED_TRACE(name(s));
      TuningCase c(s);
      IntTuning layer = c.layer();
      layer.value = nullptr;
      const Rounded expected = rounded(c.grid, c.weight.view(), reference::round_sym_blocks);
      Rounded general{std::vector<uint8_t>(expected.codes.size()), std::vector<float>(expected.scale.size()),
                      std::vector<float>(expected.zero.size())};
      reference::finish(layer, c.all(), {general.codes.data(), general.scale.data(), nullptr});
      expect_equal(expected, general);
      on_every_target([&] { expect_equal(rounded(c.grid, c.weight.view(), round_sym_blocks), expected); });
    }
}

TEST(LegacyKernel, MiddlesOfCodesAndScalesOfAnySizeEqualTheReference) {
  constexpr int64_t kRows = 61, kCols = 160;
  for (int bits : {4, 5, 8})
    for (Real type : {Real::kBf16, Real::kF32}) {
      SCOPED_TRACE(bits);
      const IntGrid grid = sym_grid(bits, kRows, kCols);
      const Numbers w(middles(bits, kRows * kCols / 32), type);
      const Rounded legacy = rounded(grid, w.view(), reference::round_legacy);
      const Rounded sym = rounded(grid, w.view(), reference::round_sym_blocks);
      on_every_target([&] {
        expect_equal(rounded(grid, w.view(), round_legacy), legacy);
        expect_equal(rounded(grid, w.view(), round_sym_blocks), sym);
      });
    }
}

}  // namespace
}  // namespace ar::quant::test
