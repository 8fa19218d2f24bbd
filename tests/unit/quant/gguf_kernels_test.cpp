// The vector kernels of GGUF's two-level types against their scalar references, on every instruction set this machine has.
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/gguf_search.hpp"
#include "core/quant/gguf_tuning.hpp"
#include "tests/unit/quant/every_target.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

struct KShape {
  int bits;
  Real type;
  bool ranges_tuned;
  bool searched = false;  // both levels of scales are given
};
std::string name(const KShape& s) {
  const char* scales = s.searched ? "_searched" : s.ranges_tuned ? "" : "_fixed";
  return fmt::format("q{}_k{}{}", s.bits, s.type == Real::kF32 ? "_f32" : "", scales);
}
void PrintTo(const KShape& s, std::ostream* out) { *out << name(s); }

template <typename T>
std::vector<uint32_t> bits_of_all(const std::vector<T>& x) {
  std::vector<uint32_t> bits;
  for (T v : x) {
    if constexpr (std::is_same_v<T, float>)
      bits.push_back(v == 0.0f ? 0 : tensor::bits_of(v));  // searches leave the sign of a zero open
    else
      bits.push_back(v);
  }
  return bits;
}

/// A K layer in the middle of tuning, with its own storage.
struct KCase {
  KGrid grid;
  Numbers weight, dwq;
  std::vector<float> value, min_scale, max_scale, range_min, range_max;
  std::vector<float> scale, min, super_scale, super_min;
  KScales found;
  bool ranges_tuned, searched;

  explicit KCase(const KShape& s, Real dwq_type = Real::kF32)
      : weight(edge_weights(kRows, kCols, 5), s.type),
        dwq(TuningCase::gradients(kRows * kCols, 6), dwq_type),
        value(kRows * kCols),
        ranges_tuned(s.ranges_tuned),
        searched(s.searched) {
    Scheme scheme;
    scheme.bits = s.bits;
    scheme.data_type = s.bits == 3 || s.bits == 6 ? "int_sym_dq" : "int_asym_dq";
    scheme.group_size = s.bits == 4 || s.bits == 5 ? 32 : 16;
    grid = make_k_grid(scheme, kRows, kCols);
    std::mt19937 random(7);
    std::uniform_real_distribution<float> offset(-0.5f, 0.5f), factor(0.6f, 1.1f);
    for (float& v : value) v = offset(random);
    const auto groups = static_cast<size_t>(kRows * kCols / grid.group());
    for (size_t i = 0; i < groups; ++i) {
      min_scale.push_back(i % 5 == 0 ? 1.0f : factor(random));
      max_scale.push_back(i % 5 == 0 ? 1.0f : factor(random));
    }
    range_min.resize(groups);
    range_max.resize(groups);
    group_ranges(group_grid(grid), weight.view(), all(), range_min.data(), range_max.data());
    // Not what a search would find, but what it may: whole numbers, signed ones for sym types, times a factor.
    std::uniform_real_distribution<float> super(1e-4f, 2e-3f);
    std::uniform_int_distribution<int> level(grid.sym ? -static_cast<int>(grid.super_top()) : 0,
                                             static_cast<int>(grid.super_top()) - (grid.sym ? 1 : 0));
    for (int64_t i = 0; i < kRows * grid.supers(); ++i) {
      super_scale.push_back(super(random));
      super_min.push_back(super(random));
    }
    for (size_t i = 0; i < groups; ++i) {
      const size_t of = i / static_cast<size_t>(grid.groups());
      scale.push_back(super_scale[of] * static_cast<float>(level(random)));
      min.push_back(super_min[of] * static_cast<float>(std::abs(level(random))));
    }
    found = {scale.data(), min.data(), super_scale.data(), super_min.data()};
  }
  RowRange all() const { return {0, kRows}; }
  KTuning layer() {
    KTuning t{grid, weight.view()};
    t.range_min = range_min.data();
    t.range_max = range_max.data();
    t.value = value.data();
    t.min_scale = ranges_tuned ? min_scale.data() : nullptr;
    t.max_scale = ranges_tuned ? max_scale.data() : nullptr;
    t.found = searched ? &found : nullptr;
    return t;
  }

  static constexpr int64_t kRows = 15, kCols = 768;
};

void expect_equal(const Numbers& a, const Numbers& b) {
  for (size_t i = 0; i < a.f32.size(); ++i) {
    if (a.type == Real::kF32)
      ASSERT_EQ(tensor::bits_of(a.f32[i]), tensor::bits_of(b.f32[i])) << "Wq at " << i;
    else
      ASSERT_EQ(a.bf16[i].bits, b.bf16[i].bits) << "Wq at " << i;
  }
}

class KKernels : public ::testing::TestWithParam<KShape> {};

TEST_P(KKernels, ForwardMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16}) {
      KCase a(GetParam()), b(GetParam());
      Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
      fake_quant(a.layer(), a.all(), wq_a.view());
      reference::fake_quant(b.layer(), b.all(), wq_b.view());
      expect_equal(wq_a, wq_b);
      EXPECT_EQ(a.min_scale, b.min_scale);
    }
  });
}

TEST_P(KKernels, StepMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16}) {
      KCase a(GetParam(), type), b(GetParam(), type);
      Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
      const SignStep step{0.005f, 0.0037f};
      sign_step(a.layer(), a.all(), a.dwq.view(), step, wq_a.view());
      reference::sign_step(b.layer(), b.all(), b.dwq.view(), step, wq_b.view());
      expect_equal(wq_a, wq_b);
      EXPECT_EQ(a.value, b.value);
      EXPECT_EQ(a.min_scale, b.min_scale);
      EXPECT_EQ(a.max_scale, b.max_scale);
    }
  });
}

TEST_P(KKernels, GradientsMatchReference) {
  on_every_target([&] {
    KCase c(GetParam());
    c.dwq = Numbers(TuningCase::gradients(c.value.size(), 8), Real::kF32);
    c.dwq.f32[c.value.size() / 2] = 0.25f;  // NaN is a matter of the step
    const auto groups = c.range_min.size();
    std::vector<float> value[2], low[2], high[2];
    for (int i = 0; i < 2; ++i) {
      value[i].resize(c.value.size());
      low[i].resize(groups);
      high[i].resize(groups);
      for (bool first : {true, false}) {
        const IntGradients to{value[i].data(), low[i].data(), high[i].data()};
        if (i == 0)
          accumulate_gradients(c.layer(), c.all(), c.dwq.view(), first, to);
        else
          reference::accumulate_gradients(c.layer(), c.all(), c.dwq.view(), first, to);
      }
    }
    EXPECT_EQ(value[0], value[1]);
    EXPECT_EQ(low[0], low[1]);
    EXPECT_EQ(high[0], high[1]);
  });
}

TEST_P(KKernels, AnyCutIntoRowsGivesTheSameBytes) {
  KCase whole(GetParam()), cut(GetParam());
  const SignStep step{0.005f, 0.005f};
  sign_step(whole.layer(), whole.all(), whole.dwq.view(), step, {nullptr, Real::kF32});
  for (int64_t row = 0; row < KCase::kRows; row += 4) {
    const RowRange rows{row, std::min(row + 4, KCase::kRows)};
    sign_step(cut.layer(), rows, cut.dwq.f32.data() + row * KCase::kCols, step, {nullptr, Real::kF32});
  }
  EXPECT_EQ(cut.value, whole.value);
  EXPECT_EQ(cut.min_scale, whole.min_scale);
  EXPECT_EQ(cut.max_scale, whole.max_scale);
}

/// Planes of a K layer.
struct Stored {
  std::vector<uint8_t> codes, scale_codes, min_codes;
  std::vector<float> super_scale, super_min;
  explicit Stored(const KCase& c)
      : codes(c.value.size()),
        scale_codes(c.range_min.size()),
        min_codes(c.range_min.size()),
        super_scale(static_cast<size_t>(c.grid.rows * c.grid.supers())),
        super_min(super_scale.size()) {}
  KPlanes view() { return {codes.data(), super_scale.data(), super_min.data(), scale_codes.data(), min_codes.data()}; }
};

TEST_P(KKernels, CodesMatchReference) {
  on_every_target([&] {
    KCase c(GetParam());
    Stored a(c), b(c);
    finish(c.layer(), c.all(), a.view());
    reference::finish(c.layer(), c.all(), b.view());
    EXPECT_EQ(a.codes, b.codes);
    EXPECT_EQ(a.scale_codes, b.scale_codes);
    EXPECT_EQ(a.min_codes, b.min_codes);
    EXPECT_EQ(a.super_scale, b.super_scale);
    EXPECT_EQ(a.super_min, b.super_min);
  });
}

/// Importance without zeros, with a few, with a group of nothing else, and none at all.
std::vector<std::vector<float>> importances() {
  std::vector<float> plain(KCase::kCols);
  std::mt19937 random(9);
  for (float& x : plain) x = std::exp(std::normal_distribution<float>()(random));
  std::vector<float> holes = plain, empty_group = plain;
  for (size_t i = 0; i < holes.size(); i += 11) holes[i] = 0.0f;
  for (size_t i = 32; i < 64; ++i) empty_group[i] = 0.0f;
  return {{}, plain, holes, empty_group};
}

TEST_P(KKernels, SearchMatchesReference) {
  for (const std::vector<float>& importance : importances()) {
    on_every_target([&] {
      KCase c(GetParam());
      const KImportance weights = importance.empty() ? KImportance() : KImportance(c.grid, importance.data());
      std::vector<float> scale[2], min[2];
      for (int i = 0; i < 2; ++i) {
        scale[i].resize(c.range_min.size());
        min[i].resize(c.range_min.size());
        const auto search = i == 0 ? &search_scales : &reference::search_scales;
        search(c.grid, c.weight.view(), {0, 3}, weights, scale[i].data(), min[i].data());
        search(c.grid, c.weight.view(), {3, KCase::kRows}, weights, scale[i].data(), min[i].data());
      }
      EXPECT_EQ(bits_of_all(scale[0]), bits_of_all(scale[1]));
      EXPECT_EQ(bits_of_all(min[0]), bits_of_all(min[1]));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Types, KKernels,
                         ::testing::Values(KShape{2, Real::kBf16, true}, KShape{3, Real::kBf16, true},
                                           KShape{4, Real::kBf16, true}, KShape{5, Real::kBf16, true},
                                           KShape{6, Real::kBf16, true}, KShape{3, Real::kF32, true},
                                           KShape{4, Real::kF32, true}, KShape{2, Real::kBf16, false},
                                           KShape{6, Real::kBf16, false}, KShape{2, Real::kBf16, false, true},
                                           KShape{3, Real::kBf16, false, true}, KShape{4, Real::kF32, false, true},
                                           KShape{6, Real::kBf16, false, true}),
                         [](const auto& info) { return name(info.param); });

}  // namespace
}  // namespace ar::quant::test
