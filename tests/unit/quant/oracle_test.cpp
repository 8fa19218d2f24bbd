// The tuning kernels against upstream's quantizers and autograd.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/quant/int_tuning.hpp"
#include "core/quant/optimizer.hpp"
#include "tests/unit/quant/vectors.hpp"

namespace ar::quant::test {
namespace {

/// Sums of a group are taken in another order: at most 32 addends, each rounded to 2^-24 of the largest partial sum.
constexpr float kSumTolerance = 32 * 0x1p-24f;
/// torch's fused AdamW may contract its multiplications and additions.
constexpr float kAdamwTolerance = 4 * 0x1p-24f;

class Oracle : public ::testing::TestWithParam<std::string> {
 protected:
  const Vectors& vectors_ = Vectors::all();
  std::string at(const char* tensor) const { return GetParam() + "/" + tensor; }
};

class OracleTuning : public Oracle {
 protected:
  void SetUp() override {
    const CaseMeta meta = meta_of(GetParam());
    const auto& shape = vectors_.shape(at("w"));
    grid_ = make_grid(meta.scheme, shape[0], shape[1], meta.scale_type);
    w_ = vectors_.raw<tensor::Bf16>(at("w"));
    v_ = vectors_.floats(at("v"));
    low_.resize(static_cast<size_t>(grid_.rows * grid_.groups()));
    high_.resize(low_.size());
    group_ranges(grid_, w_.data(), rows(), low_.data(), high_.data());
    if (!vectors_.has(at("a"))) return;
    a_ = vectors_.floats(at("a"));
    b_ = vectors_.floats(at("b"));
  }
  RowRange rows() const { return {0, grid_.rows}; }
  IntTuning layer() {
    IntTuning t{grid_, w_.data()};
    t.range_min = low_.data();
    t.range_max = high_.data();
    t.value = v_.data();
    t.min_scale = a_.empty() ? nullptr : a_.data();
    t.max_scale = a_.empty() ? nullptr : b_.data();
    return t;
  }

  IntGrid grid_;
  std::vector<tensor::Bf16> w_;
  std::vector<float> v_, a_, b_, low_, high_;
};

TEST_P(OracleTuning, ForwardIsUpstreamsBitForBit) {
  std::vector<float> wq(v_.size());
  fake_quant(layer(), rows(), wq.data());
  EXPECT_EQ(wq, vectors_.floats(at("wq")));
}

TEST_P(OracleTuning, CodesScalesAndZerosAreUpstreams) {
  std::vector<uint8_t> codes(v_.size());
  std::vector<float> scale(low_.size()), zero(low_.size());
  finish(layer(), rows(), {codes.data(), scale.data(), grid_.sym ? nullptr : zero.data()});
  EXPECT_EQ(scale, vectors_.floats(at("scale")));
  EXPECT_EQ(codes, vectors_.raw<uint8_t>(at("codes")));
  if (grid_.sym) return;
  EXPECT_EQ(zero, vectors_.floats(at("zero")));
}

/// The cases with float32 scales: with others, upstream rounds gradients to 16 bits on the way.
class OracleGradients : public OracleTuning {};

std::vector<std::string> gradient_cases() {
  std::vector<std::string> names;
  for (const std::string& name : Vectors::cases("tune-"))
    if (Vectors::all().has(name + "/dv")) names.push_back(name);
  return names;
}

TEST_P(OracleGradients, AreAutograds) {
  const auto u = vectors_.raw<tensor::Bf16>(at("u"));
  std::vector<float> dv(v_.size()), da(low_.size()), db(low_.size());
  accumulate_gradients(layer(), rows(), u.data(), true, {dv.data(), da.data(), db.data()});
  EXPECT_EQ(dv, vectors_.floats(at("dv")));
  if (a_.empty()) return;
  const auto compare = [&](const std::vector<float>& ours, const std::vector<float>& theirs) {
    for (size_t g = 0; g < ours.size(); ++g) {
      // The addends are u times at most 2^bits levels, and pass through the range's magnitude.
      const float largest = grid_.top() * std::max(high_[g], -low_[g]);
      EXPECT_NEAR(ours[g], theirs[g], kSumTolerance * largest + 1e-30f) << "group " << g;
    }
  };
  compare(da, vectors_.floats(at("da")));
  compare(db, vectors_.floats(at("db")));
}

INSTANTIATE_TEST_SUITE_P(Vectors, OracleTuning, ::testing::ValuesIn(Vectors::cases("tune-")),
                         [](const auto& info) { return test_name(info.param); });

INSTANTIATE_TEST_SUITE_P(Vectors, OracleGradients, ::testing::ValuesIn(gradient_cases()),
                         [](const auto& info) { return test_name(info.param); });

TEST(OracleAdamw, ThreeStepsEqualTorch) {
  const Vectors& vectors = Vectors::all();
  std::vector<float> p = vectors.floats("adamw/start");
  const auto grads = vectors.floats("adamw/grads");
  const auto n = static_cast<int64_t>(p.size());
  std::vector<float> first(p.size()), second(p.size());
  for (int64_t step = 1; step <= 3; ++step)
    adamw_step(p.data(), grads.data() + (step - 1) * n, {first.data(), second.data()}, n, 0.01f, step);
  const auto end = vectors.floats("adamw/end");
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], end[i], kAdamwTolerance * std::max(1.0f, std::fabs(end[i])));
}

}  // namespace
}  // namespace ar::quant::test
