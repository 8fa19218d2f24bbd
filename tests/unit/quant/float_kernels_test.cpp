#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/quant/float_reference.hpp"
#include "core/quant/float_search.hpp"
#include "core/quant/optimizer.hpp"
#include "tests/unit/quant/every_target.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

struct FloatShape {
  const char* data_type;
  int bits;
  int64_t group_size;
  int64_t group_size_rows;
  int64_t out;
  int64_t in;
  Real type = Real::kBf16;
  bool ranges_tuned = true;
  bool narrow = false;
};
void PrintTo(const FloatShape& s, std::ostream* out) { *out << s.data_type << " " << s.bits << " bits [" << s.out << ", " << s.in << "]"; }

/// Equal bit for bit; a NaN equals a NaN.
template <typename T>
void expect_equal(const std::vector<T>& a, const std::vector<T>& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0 && !(a[i] != a[i] && b[i] != b[i]))
      FAIL() << what << "[" << i << "] is " << +a[i] << ", the reference gives " << +b[i];
}
void expect_equal(const Numbers& a, const Numbers& b, const char* what) {
  for (size_t i = 0; i < a.f32.size(); ++i) {
    if (a.type == Real::kF32)
      ASSERT_EQ(tensor::bits_of(a.f32[i]), tensor::bits_of(b.f32[i])) << what << " at " << i;
    else
      ASSERT_EQ(a.bf16[i].bits, b.bf16[i].bits) << what << " at " << i;
  }
}

/// One matrix in the middle of tuning, with its own storage.
struct FloatCase {
  FloatShape shape;
  FloatGrid grid;
  Numbers weight, dwq;
  std::vector<float> value, max_scale, amax;

  explicit FloatCase(const FloatShape& s, Real dwq_type = Real::kF32)
      : shape(s),
        grid(make_float_grid(*float_kind(s.data_type, s.bits), s.group_size, s.group_size_rows, s.out, s.in)),
        weight(edge_weights(s.out, s.in, 7), s.type),
        dwq(TuningCase::gradients(static_cast<size_t>(s.out * s.in), 8), dwq_type),
        value(static_cast<size_t>(s.out * s.in)),
        max_scale(static_cast<size_t>(grid.bands() * grid.groups())),
        amax(max_scale.size()) {
    std::mt19937 random(9);
    std::uniform_real_distribution<float> offset(-0.5f, 0.5f), factor(-0.05f, 1.1f);
    for (float& v : value) v = offset(random);
    for (size_t i = 0; i < max_scale.size(); ++i) max_scale[i] = i % 5 == 0 ? 1.0f : factor(random);
    reference::group_amax(grid, weight.view(), all(), amax.data());
  }
  RowRange all() const { return {0, grid.rows}; }
  FloatTuning layer() {
    FloatTuning t{grid, weight.view()};
    t.amax = amax.data();
    t.value = value.data();
    t.max_scale = shape.ranges_tuned ? max_scale.data() : nullptr;
    t.global_scale = 2688.0f / 100.0f;
    t.narrow = shape.narrow;
    return t;
  }
};

class FloatKernels : public ::testing::TestWithParam<FloatShape> {};

TEST_P(FloatKernels, AmaxMatchesReference) {
  on_every_target([&] {
    FloatCase c(GetParam());
    std::vector<float> amax(c.amax.size());
    group_amax(c.grid, c.weight.view(), c.all(), amax.data());
    expect_equal(amax, c.amax, "amax");
  });
}

TEST_P(FloatKernels, ForwardMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16})
      for (bool offset : {true, false}) {
        FloatCase a(GetParam()), b(GetParam());
        FloatTuning layer_a = a.layer(), layer_b = b.layer();
        if (!offset) layer_a.value = layer_b.value = nullptr;
        Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
        fake_quant(layer_a, a.all(), wq_a.view());
        reference::fake_quant(layer_b, b.all(), wq_b.view());
        expect_equal(wq_a, wq_b, "Wq");
        expect_equal(a.max_scale, b.max_scale, "max_scale");
      }
  });
}

TEST_P(FloatKernels, StepMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16}) {
      FloatCase a(GetParam(), type), b(GetParam(), type);
      Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
      fake_quant(a.layer(), a.all(), wq_a.view());
      reference::fake_quant(b.layer(), b.all(), wq_b.view());
      const SignStep step{0.005f, 0.0037f};
      sign_step(a.layer(), a.all(), a.dwq.view(), step, wq_a.view());
      reference::sign_step(b.layer(), b.all(), b.dwq.view(), step, wq_b.view());
      expect_equal(a.value, b.value, "value");
      expect_equal(a.max_scale, b.max_scale, "max_scale");
      expect_equal(wq_a, wq_b, "next Wq");
    }
  });
}

TEST_P(FloatKernels, GradientsMatchReference) {
  on_every_target([&] {
    FloatCase a(GetParam()), b(GetParam());
    std::vector<float> value_a(a.value.size()), value_b = value_a, range_a(a.amax.size()), range_b = range_a;
    for (bool first : {true, false}) {
      accumulate_gradients(a.layer(), a.all(), a.dwq.view(), first, {value_a.data(), range_a.data()});
      reference::accumulate_gradients(b.layer(), b.all(), b.dwq.view(), first, {value_b.data(), range_b.data()});
    }
    expect_equal(value_a, value_b, "value gradient");
    expect_equal(range_a, range_b, "max_scale gradient");
  });
}

TEST_P(FloatKernels, CodesMatchReference) {
  on_every_target([&] {
    FloatCase a(GetParam()), b(GetParam());
    std::vector<uint8_t> codes_a(a.value.size()), codes_b = codes_a, bytes_a(a.amax.size()), bytes_b = bytes_a;
    std::vector<float> scale_a(a.amax.size()), scale_b = scale_a;
    const bool plain = a.grid.kind.rule == ScaleRule::kFp;
    finish(a.layer(), a.all(), {codes_a.data(), scale_a.data(), plain ? nullptr : bytes_a.data()});
    reference::finish(b.layer(), b.all(), {codes_b.data(), scale_b.data(), plain ? nullptr : bytes_b.data()});
    expect_equal(codes_a, codes_b, "codes");
    expect_equal(scale_a, scale_b, "scale");
    expect_equal(bytes_a, bytes_b, "scale codes");
  });
}

TEST_P(FloatKernels, AnyCutIntoRowsGivesTheSameBytes) {
  FloatCase whole(GetParam()), cut(GetParam());
  const SignStep step{0.005f, 0.005f};
  sign_step(whole.layer(), whole.all(), whole.dwq.view(), step, {nullptr, Real::kF32});
  const int64_t stride = 3 * cut.grid.group_rows;
  for (int64_t row = 0; row < cut.grid.rows; row += stride) {
    const RowRange rows{row, std::min(row + stride, cut.grid.rows)};
    sign_step(cut.layer(), rows, cut.dwq.f32.data() + row * cut.grid.cols, step, {nullptr, Real::kF32});
  }
  expect_equal(cut.value, whole.value, "value");
  expect_equal(cut.max_scale, whole.max_scale, "max_scale");
}

TEST_P(FloatKernels, FusedStepEqualsSeparateSteps) {
  FloatCase fused(GetParam()), apart(GetParam());
  const SignStep step{0.004f, 0.006f};
  Numbers wq(apart.value.size(), Real::kF32);
  fake_quant(fused.layer(), fused.all(), wq.view());  // clamps
  fake_quant(apart.layer(), apart.all(), wq.view());
  sign_step(fused.layer(), fused.all(), fused.dwq.view(), step, {nullptr, Real::kF32});
  std::vector<float> value(apart.value.size()), range(apart.amax.size());
  accumulate_gradients(apart.layer(), apart.all(), apart.dwq.view(), true, {value.data(), range.data()});
  sign_descent(apart.value.data(), value.data(), static_cast<int64_t>(value.size()), step.lr);
  expect_equal(fused.value, apart.value, "value");
  if (!GetParam().ranges_tuned) return;
  sign_descent(apart.max_scale.data(), range.data(), static_cast<int64_t>(range.size()), step.lr_minmax);
  fake_quant(apart.layer(), apart.all(), wq.view());  // clamps
  expect_equal(fused.max_scale, apart.max_scale, "max_scale");
}

class FloatSearch : public ::testing::TestWithParam<FloatShape> {};

TEST_P(FloatSearch, MatchesReference) {
  FloatCase c(GetParam());
  std::vector<float> importance(static_cast<size_t>(c.grid.cols));
  for (size_t i = 0; i < importance.size(); ++i) importance[i] = i % 7 == 0 ? 0.0f : static_cast<float>(i % 11);
  IntGrid cut;
  cut.bits = GetParam().bits;
  cut.cols = c.grid.cols;
  cut.group = c.grid.group;
  on_every_target([&] {
    for (const Importance& p : {Importance(), Importance(importance.data(), cut)}) {
      FloatTuning layer = c.layer();
      layer.value = layer.max_scale = nullptr;
      std::vector<float> scratch(static_cast<size_t>(search_scratch(c.grid))), a(c.amax.size()), b(c.amax.size());
      search_factors(layer, c.all(), p, scratch.data(), a.data());
      reference::search_factors(layer, c.all(), p, scratch.data(), b.data());
      expect_equal(a, b, "factor");
    }
  });
}

std::vector<FloatShape> float_shapes() {
  std::vector<FloatShape> all{
      {"mx_fp", 4, 32, 0, 14, 160},
      {"mx_fp", 6, 32, 0, 14, 160},
      {"mx_fp6e3m2", 6, 32, 0, 14, 160},
      {"mx_fp", 8, 32, 0, 14, 160},
      {"mx_fp8e5m2", 8, 32, 0, 14, 160},
      {"mx_fp_rceil", 4, 32, 0, 14, 160},
      {"mx_fp4_rceil_v2", 4, 32, 0, 14, 160},
      {"mx_fp_rceil", 8, 32, 0, 14, 160},
      {"mx_int", 4, 32, 0, 14, 160},
      {"nv_fp", 4, 16, 0, 14, 160},
      {"nvfp4_v2", 4, 16, 0, 14, 160},
      {"nvfp4_v2", 4, 32, 0, 14, 80},  // short last group
      {"fp", 8, -1, 0, 14, 72},
      {"fp", 8, 128, 0, 13, 320},
      {"fp", 8, 0, 0, 16, 50},  // one group a tensor
      {"fp", 8, 32, 4, 14, 72},
      {"fp", 8, 24, 5, 13, 100},
      {"fp8_e5m2", 8, -1, 0, 14, 72},
      {"mx_fp", 4, 24, 0, 13, 100},
      {"mx_fp", 4, 32, 0, 14, 64, Real::kF32},
      {"nv_fp", 4, 16, 0, 14, 64, Real::kF32},
      {"fp", 8, -1, 0, 14, 64, Real::kF32},
      {"mx_fp", 4, 32, 0, 14, 64, Real::kBf16, false},
      {"fp", 8, 32, 4, 14, 64, Real::kBf16, false, true},
  };
  return all;
}

std::vector<FloatShape> searched_shapes() {
  std::vector<FloatShape> all = float_shapes();
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const FloatShape& s) { return !searches(float_kind(s.data_type, s.bits)->rule); }),
            all.end());
  return all;
}

std::string shape_name(const ::testing::TestParamInfo<FloatShape>& info) {
  const FloatShape& s = info.param;
  return fmt::format("{}_{}_g{}x{}_{}x{}{}{}{}", s.data_type, s.bits, s.group_size_rows,
                     s.group_size < 0 ? "m1" : std::to_string(s.group_size), s.out, s.in,
                     s.type == Real::kF32 ? "_f32" : "", s.ranges_tuned ? "" : "_fixed", s.narrow ? "_narrow" : "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, FloatKernels, ::testing::ValuesIn(float_shapes()), shape_name);
INSTANTIATE_TEST_SUITE_P(Shapes, FloatSearch, ::testing::ValuesIn(searched_shapes()), shape_name);

}  // namespace
}  // namespace ar::quant::test
