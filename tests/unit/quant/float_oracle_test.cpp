// The tuning kernels and the search of floating point types against upstream's quantizers and autograd.
#include <algorithm>
#include <cmath>

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "core/quant/float_tuning.hpp"
#include "tests/unit/quant/float_case_name.hpp"
#include "tests/unit/quant/vectors.hpp"

namespace ar::quant::test {
namespace {

/// Gradients of elements: products of up to four factors, multiplied in another order.
constexpr float kElementTolerance = 8 * 0x1p-24f;
/// Sums over groups of up to 160 elements in another order, of addends that partly cancel.
constexpr float kSumTolerance = 2e-4f;

class FloatOracle : public ::testing::TestWithParam<std::string> {
 protected:
  const Vectors& vectors_ = Vectors::floating();
  std::string at(const char* tensor) const { return GetParam() + "/" + tensor; }
  at::Tensor weight() {
    const auto& shape = vectors_.shape(at("w"));
    w_ = vectors_.raw<tensor::Bf16>(at("w"));
    return at::from_blob(w_.data(), {shape[0], shape[1]}, at::kBFloat16);
  }
  std::vector<tensor::Bf16> w_;
};

class FloatOracleTuning : public FloatOracle {
 protected:
  void SetUp() override {
    const at::Tensor w = weight();
    const Scheme scheme = scheme_of_case(GetParam());
    tuner_ = data_type(scheme).tuner(w, scheme, {});
    tuner_->start({0, tuner_->rows()});
    const std::vector<TunedBuffer> buffers = tuner_->buffers();
    const std::vector<float> v = vectors_.floats(at("v")), a = vectors_.floats(at("a"));
    std::copy(v.begin(), v.end(), buffers[0].data);
    std::copy(a.begin(), a.end(), buffers[1].data);
  }
  std::unique_ptr<WeightTuner> tuner_;
};

TEST_P(FloatOracleTuning, ForwardIsUpstreamsBitForBit) {
  const std::vector<float> expected = vectors_.floats(at("wq"));
  std::vector<float> wq(expected.size());
  tuner_->fake_quant({0, tuner_->rows()}, wq.data());
  EXPECT_EQ(wq, expected);
}

TEST_P(FloatOracleTuning, GradientsAreUpstreams) {
  const std::vector<float> dv = vectors_.floats(at("dv")), da = vectors_.floats(at("da"));
  const auto u = vectors_.raw<tensor::Bf16>(at("u"));
  std::vector<float> value(dv.size()), range(da.size());
  tuner_->accumulate_gradients({0, tuner_->rows()}, u.data(), true, {value.data(), range.data()});
  for (size_t i = 0; i < dv.size(); ++i)
    ASSERT_NEAR(value[i], dv[i], kElementTolerance * std::fabs(dv[i])) << "V at " << i;
  float largest = 0.0f;
  for (float d : da) largest = std::max(largest, std::isnan(d) ? 0.0f : std::fabs(d));
  for (size_t i = 0; i < da.size(); ++i) {
    const float expected = std::isnan(da[i]) ? 0.0f : da[i];  // groups of zeros: no effect, no gradient
    ASSERT_NEAR(range[i], expected, kSumTolerance * std::max(std::fabs(expected), 0.01f * largest)) << "range at " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Upstream, FloatOracleTuning, ::testing::ValuesIn(Vectors::floating().names("tune-")),
                         [](const auto& info) { return name_of_case(info.param); });

class FloatOracleSearch : public FloatOracle {};

TEST_P(FloatOracleSearch, FindsUpstreamsScales) {
  const at::Tensor w = weight();
  QuantizeOptions options;
  options.search = true;
  std::vector<float> p = vectors_.floats(at("p"));
  options.importance = at::from_blob(p.data(), {static_cast<int64_t>(p.size())}, at::kFloat);
  const at::Tensor back = dequantize(quantize(w, scheme_of_case(GetParam()), options), at::kBFloat16).to(at::kFloat);
  const std::vector<float> theirs = vectors_.floats(at("wq"));
  for (size_t i = 0; i < theirs.size(); ++i) ASSERT_EQ(back.const_data_ptr<float>()[i], theirs[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Upstream, FloatOracleSearch, ::testing::ValuesIn(Vectors::floating().names("search")),
                         [](const auto& info) { return name_of_case(info.param); });

}  // namespace
}  // namespace ar::quant::test
