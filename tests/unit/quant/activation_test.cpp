#include <cmath>
#include <cstring>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/quant/activation.hpp"
#include "core/quant/activation_ggml.hpp"
#include "tests/unit/quant/float_case_name.hpp"
#include "tests/unit/quant/vectors.hpp"

namespace ar::quant::test {
namespace {

/// Gradients through the ends of ranges are sums over groups in another order.
constexpr float kSumTolerance = 2e-5f;
/// Autograd rounds the gradient of a float16 scale, up to about 16 here, to float16: half a step is 2^-8.
constexpr float kF16ScaleTolerance = 0x1p-8f;
/// A gradient in bfloat16 is rounded once here; autograd rounds partial results too.
constexpr float kBf16Tolerance = 0x1p-6f;

bool drop(std::string& name, const std::string& suffix) {
  const size_t at = name.rfind(suffix);
  if (at == std::string::npos) return false;
  name.erase(at, suffix.size());
  return true;
}

/// What a case of make_float_vectors.py quantizes its input to.
Scheme act_scheme(const std::string& name) {
  const Scheme weight = scheme_of_case(name);
  Scheme scheme;
  std::string type = weight.data_type;
  drop(type, "_bf16");
  scheme.act_sym = !drop(type, "_asym");
  scheme.act_data_type = type;
  scheme.act_bits = weight.bits;
  scheme.act_group_size = weight.group_size;
  scheme.act_dynamic = weight.group_size != 0;
  return scheme;
}

class ActivationOracle : public ::testing::TestWithParam<std::string> {
 protected:
  const Vectors& vectors_ = Vectors::floating();
  at::Tensor tensor(const char* name) {
    const std::string key = GetParam() + "/" + name;
    const bool bf16 = vectors_.type(key) == tensor::Real::kBf16;
    at::Tensor t = at::empty(vectors_.shape(key), bf16 ? at::kBFloat16 : at::kFloat);
    const auto bytes = vectors_.raw<char>(key);
    std::memcpy(t.mutable_data_ptr(), bytes.data(), bytes.size());
    return t;
  }
  ActivationRange range() {
    ActivationRange range;
    if (vectors_.has(GetParam() + "/act_max")) range.act_max = vectors_.floats(GetParam() + "/act_max")[0];
    if (vectors_.has(GetParam() + "/max_scale")) range.max_scale = vectors_.floats(GetParam() + "/max_scale")[0];
    return range;
  }
};

TEST_P(ActivationOracle, ForwardIsUpstreamsBitForBit) {
  const at::Tensor x = tensor("x"), expected = tensor("y");
  const at::Tensor y = quantize_activation(x, act_scheme(GetParam()), range());
  ASSERT_EQ(y.scalar_type(), x.scalar_type());
  ASSERT_EQ(y.sizes(), x.sizes());
  const at::Tensor a = y.to(at::kFloat), b = expected.to(at::kFloat);
  for (int64_t i = 0; i < a.numel(); ++i) ASSERT_EQ(a.const_data_ptr<float>()[i], b.const_data_ptr<float>()[i]) << i;
}

TEST_P(ActivationOracle, GradientIsAutograds) {
  const at::Tensor x = tensor("x");
  float d_max_scale = 0.0f;
  const at::Tensor dx = activation_gradient(x, tensor("dy"), act_scheme(GetParam()), range(), &d_max_scale);
  if (vectors_.has(GetParam() + "/dm")) {
    const float expected = vectors_.floats(GetParam() + "/dm")[0];
    EXPECT_NEAR(d_max_scale, expected, kSumTolerance * std::max(1.0f, std::fabs(expected)));
  }
  ASSERT_EQ(dx.scalar_type(), x.scalar_type());
  const bool f16_scale = act_scheme(GetParam()).act_data_type == "int";
  const float tolerance = x.scalar_type() != at::kFloat ? kBf16Tolerance
                          : f16_scale                   ? kF16ScaleTolerance
                                                        : kSumTolerance;
  const at::Tensor a = dx.to(at::kFloat), b = tensor("dx").to(at::kFloat);
  for (int64_t i = 0; i < a.numel(); ++i) {
    const float expected = b.const_data_ptr<float>()[i];
    if (std::isnan(expected)) continue;  // a token of zeros under MX: log2(0) in autograd
    ASSERT_NEAR(a.const_data_ptr<float>()[i], expected, tolerance * std::max(1.0f, std::fabs(expected))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Upstream, ActivationOracle, ::testing::ValuesIn(Vectors::floating().names("act-")),
                         [](const auto& info) { return name_of_case(info.param); });

TEST(Activation, StaticRangesNeedCalibration) {
  EXPECT_TRUE(calibrated(preset("FP8_STATIC")));
  EXPECT_TRUE(calibrated(preset("NVFP4")));
  EXPECT_FALSE(calibrated(preset("MXFP4")));
  EXPECT_FALSE(calibrated(preset("INT8")));
  EXPECT_FALSE(calibrated(preset("W4A16")));
}

TEST(Activation, StaticScaleIsFloored) {
  EXPECT_EQ(static_scale(preset("FP8_STATIC"), 448.0f), 1.0f);
  EXPECT_EQ(static_scale(preset("FP8_STATIC"), 0.0f), 1.0f / (448.0f * 512.0f));
  EXPECT_THROW(static_scale(preset("MXFP4"), 1.0f), base::Error);
}

TEST(Activation, RangeFactorClipsTheLargest) {
  std::vector<float> data{1.0f, -448.0f, 3.0f, 100.0f};
  const at::Tensor x = at::from_blob(data.data(), {1, 4}, at::kFloat);
  ActivationRange range;
  range.act_max = 448.0f;
  range.max_scale = 0.5f;
  const at::Tensor y = quantize_activation(x, preset("FP8_STATIC"), range);
  EXPECT_EQ(y.const_data_ptr<float>()[1], -224.0f);
  EXPECT_EQ(y.const_data_ptr<float>()[0], 1.0f);
}

class GgmlActivation : public ::testing::TestWithParam<const char*> {
 protected:
  static Scheme scheme() {
    const std::string type = GetParam();
    Scheme scheme;
    scheme.act_data_type = type;
    scheme.act_bits = type[0] == 'q' ? 8 : 16;
    scheme.act_group_size = type == "q8_k" ? 256 : 32;
    return scheme;
  }
};

TEST_P(GgmlActivation, IsWhatItsKernelsRoundTo) {
  const Vectors& vectors = Vectors::ggml();
  std::vector<float> x = vectors.floats("activations/x");
  const std::vector<float> expected = vectors.floats(std::string(GetParam()) + "/y");
  const at::Tensor y =
      quantize_activation(at::from_blob(x.data(), vectors.shape("activations/x"), at::kFloat), scheme());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y.const_data_ptr<float>()[i], expected[i]) << i;
  EXPECT_TRUE(rounds_activation(scheme()));
  EXPECT_FALSE(calibrated(scheme()));
}

INSTANTIATE_TEST_SUITE_P(Types, GgmlActivation, ::testing::Values("q8_0", "q8_1", "q8_k", "float16", "bfloat16"),
                         [](const auto& info) { return std::string(info.param); });

TEST(GgmlActivations, SumsOfQ8_1AreRoundedByThemselves) {
  Scheme scheme;
  scheme.act_bits = 8;
  scheme.act_group_size = 32;
  scheme.act_data_type = "q8_1";
  ASSERT_TRUE(has_own_sums(scheme));
  const Vectors& vectors = Vectors::ggml();
  std::vector<float> x = vectors.floats("activations/x");
  const at::Tensor errors = own_sum_errors(at::from_blob(x.data(), vectors.shape("activations/x"), at::kFloat), scheme);
  ASSERT_EQ(errors.sizes(), at::IntArrayRef(vectors.shape("q8_1/sum_errors")));
  const std::vector<float> expected = vectors.floats("q8_1/sum_errors");
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(errors.const_data_ptr<float>()[i], expected[i]) << i;
}

TEST(GgmlActivations, EachBlockHasItsOwnScale) {
  const at::Tensor x = at::full({1, 40}, 127.0F);  // a short last block
  x.narrow(1, 32, 8).fill_(1.0F);
  Scheme scheme;
  scheme.act_bits = 8;
  scheme.act_group_size = 32;
  scheme.act_data_type = "q8_0";
  const at::Tensor y = quantize_activation(x.to(at::kBFloat16), scheme);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(y.to(at::kFloat).const_data_ptr<float>()[0], 127.0F);
  EXPECT_EQ(y.to(at::kFloat).const_data_ptr<float>()[39], 1.0F);
  EXPECT_THROW(activation_gradient(x, x, scheme), base::Error);
}

TEST(Activation, RefusesTypesItDoesNotHave) {
  std::vector<float> data(32, 1.0f);
  const at::Tensor x = at::from_blob(data.data(), {1, 32}, at::kFloat);
  Scheme scheme = preset("INT8");
  scheme.act_data_type = "float";
  EXPECT_THROW(quantize_activation(x, scheme), base::Error);
  EXPECT_THROW(activation_gradient(x, x, scheme), base::Error);
}

}  // namespace
}  // namespace ar::quant::test
