#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "core/quant/int_reference.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/optimizer.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

/// Equal bit for bit; a NaN equals a NaN.
template <typename T>
void expect_same(const std::vector<T>& a, const std::vector<T>& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (a[i] != a[i] && b[i] != b[i])) continue;
    FAIL() << what << "[" << i << "] is " << +a[i] << ", the reference gives " << +b[i];
  }
}
void expect_same(const Numbers& a, const Numbers& b, const char* what) {
  for (size_t i = 0; i < a.f32.size(); ++i) {
    if (a.type == Real::kF32)
      ASSERT_EQ(tensor::bits_of(a.f32[i]), tensor::bits_of(b.f32[i])) << what << " at " << i;
    else
      ASSERT_EQ(a.bf16[i].bits, b.bf16[i].bits) << what << " at " << i;
  }
}

/// Every shape on every instruction set this machine has.
class IntKernels : public ::testing::TestWithParam<Shape> {
 protected:
  template <typename Body>
  void on_every_target(Body body) {
    const uint64_t supported = hwy::SupportedTargets();
    for (uint64_t rest = supported; rest != 0; rest &= rest - 1) {
      const uint64_t target = rest & (~rest + 1);
      hwy::SetSupportedTargetsForTest(target);
      SCOPED_TRACE(hwy::TargetName(target));
      body();
    }
    hwy::SetSupportedTargetsForTest(0);
  }
};

TEST_P(IntKernels, RangesMatchReference) {
  on_every_target([&] {
    TuningCase c(GetParam());
    std::vector<float> low(c.range_min.size()), high(c.range_max.size());
    reference::group_ranges(c.grid, c.weight.view(), c.all(), low.data(), high.data());
    expect_same(c.range_min, low, "range_min");
    expect_same(c.range_max, high, "range_max");
  });
}

TEST_P(IntKernels, ForwardMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16}) {
      TuningCase a(GetParam()), b(GetParam());
      Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
      fake_quant(a.layer(), a.all(), wq_a.view());
      reference::fake_quant(b.layer(), b.all(), wq_b.view());
      expect_same(wq_a, wq_b, "Wq");
      expect_same(a.min_scale, b.min_scale, "min_scale");
    }
  });
}

TEST_P(IntKernels, StepMatchesReference) {
  on_every_target([&] {
    for (Real type : {Real::kF32, Real::kBf16}) {
      TuningCase a(GetParam(), type), b(GetParam(), type);
      Numbers wq_a(a.value.size(), type), wq_b(b.value.size(), type);
      fake_quant(a.layer(), a.all(), wq_a.view());
      reference::fake_quant(b.layer(), b.all(), wq_b.view());
      const SignStep step{0.005f, 0.0037f};
      sign_step(a.layer(), a.all(), a.dwq.view(), step, wq_a.view());
      reference::sign_step(b.layer(), b.all(), b.dwq.view(), step, wq_b.view());
      expect_same(a.value, b.value, "value");
      expect_same(a.min_scale, b.min_scale, "min_scale");
      expect_same(a.max_scale, b.max_scale, "max_scale");
      expect_same(wq_a, wq_b, "next Wq");
    }
  });
}

TEST_P(IntKernels, GradientsMatchReference) {
  on_every_target([&] {
    TuningCase a(GetParam()), b(GetParam());
    struct Buffers {
      std::vector<float> value, min_scale, max_scale;
      explicit Buffers(const TuningCase& c)
          : value(c.value.size()), min_scale(c.min_scale.size()), max_scale(c.max_scale.size()) {}
      IntGradients view() { return {value.data(), min_scale.data(), max_scale.data()}; }
    } grad_a(a), grad_b(b);
    for (bool first : {true, false}) {
      accumulate_gradients(a.layer(), a.all(), a.dwq.view(), first, grad_a.view());
      reference::accumulate_gradients(b.layer(), b.all(), b.dwq.view(), first, grad_b.view());
    }
    expect_same(grad_a.value, grad_b.value, "value gradient");
    expect_same(grad_a.min_scale, grad_b.min_scale, "min_scale gradient");
    expect_same(grad_a.max_scale, grad_b.max_scale, "max_scale gradient");
  });
}

TEST_P(IntKernels, CodesMatchReference) {
  on_every_target([&] {
    TuningCase a(GetParam()), b(GetParam());
    struct Stored {
      std::vector<uint8_t> codes;
      std::vector<float> scale, zero;
      explicit Stored(const TuningCase& c)
          : codes(c.value.size()), scale(c.range_min.size()), zero(c.range_min.size()) {}
      IntPlanes view() { return {codes.data(), scale.data(), zero.data()}; }
    } out_a(a), out_b(b);
    finish(a.layer(), a.all(), out_a.view());
    reference::finish(b.layer(), b.all(), out_b.view());
    expect_same(out_a.codes, out_b.codes, "codes");
    expect_same(out_a.scale, out_b.scale, "scale");
    expect_same(out_a.zero, out_b.zero, "zero_point");
  });
}

TEST_P(IntKernels, AnyCutIntoRowsGivesTheSameBytes) {
  TuningCase whole(GetParam()), cut(GetParam());
  const SignStep step{0.005f, 0.005f};
  sign_step(whole.layer(), whole.all(), whole.dwq.view(), step, {nullptr, Real::kF32});
  for (int64_t row = 0; row < cut.grid.rows; row += 3) {
    const RowRange rows{row, std::min(row + 3, cut.grid.rows)};
    sign_step(cut.layer(), rows, cut.dwq.f32.data() + row * cut.grid.cols, step, {nullptr, Real::kF32});
  }
  expect_same(cut.value, whole.value, "value");
  expect_same(cut.min_scale, whole.min_scale, "min_scale");
  expect_same(cut.max_scale, whole.max_scale, "max_scale");
}

TEST_P(IntKernels, FusedStepEqualsSeparateSteps) {
  TuningCase fused(GetParam()), apart(GetParam());
  const SignStep step{0.004f, 0.006f};
  sign_step(fused.layer(), fused.all(), fused.dwq.view(), step, {nullptr, Real::kF32});
  std::vector<float> value(apart.value.size()), low(apart.min_scale.size()), high(apart.max_scale.size());
  accumulate_gradients(apart.layer(), apart.all(), apart.dwq.view(), true, {value.data(), low.data(), high.data()});
  sign_descent(apart.value.data(), value.data(), static_cast<int64_t>(value.size()), step.lr);
  expect_same(fused.value, apart.value, "value");
  if (!GetParam().ranges_tuned) return;
  sign_descent(apart.min_scale.data(), low.data(), static_cast<int64_t>(low.size()), step.lr_minmax);
  sign_descent(apart.max_scale.data(), high.data(), static_cast<int64_t>(high.size()), step.lr_minmax);
  Numbers wq(apart.value.size(), Real::kF32);
  fake_quant(apart.layer(), apart.all(), wq.view());  // clamps
  expect_same(fused.min_scale, apart.min_scale, "min_scale");
  expect_same(fused.max_scale, apart.max_scale, "max_scale");
}

INSTANTIATE_TEST_SUITE_P(Shapes, IntKernels, ::testing::ValuesIn(shapes()),
                         [](const auto& info) { return name(info.param); });

}  // namespace
}  // namespace ar::quant::test
