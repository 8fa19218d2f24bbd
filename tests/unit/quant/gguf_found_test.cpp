// Q4_1 and Q5_1 with searched scales and minima: optimized rounding, and what tuning starts from.
#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "core/quant/data_type.hpp"

namespace ar::quant::test {
namespace {

constexpr int64_t kRows = 24;
constexpr int64_t kColumns = 96;

/// Columns differ in importance by orders of magnitude, as those of real layers do.
struct Layer {
  at::Tensor weight = at::empty({kRows, kColumns}, at::kFloat);
  at::Tensor importance = at::empty({kColumns}, at::kFloat);
  Layer() {
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0.0f, 0.02f);
    std::lognormal_distribution<float> spread(0.0f, 1.5f);
    for (int64_t i = 0; i < weight.numel(); ++i) weight.mutable_data_ptr<float>()[i] = normal(random);
    for (int64_t i = 0; i < kColumns; ++i) importance.mutable_data_ptr<float>()[i] = spread(random);
  }
};

QuantizeOptions searched(const at::Tensor& importance = {}) {
  QuantizeOptions options;
  options.scale_type = ScaleType::kF32;
  options.dtype = at::kFloat;
  options.search = true;
  options.importance = importance;
  return options;
}
QuantizeOptions as_llama_cpp() {
  QuantizeOptions options = searched();
  options.search = false;
  options.from_data = true;
  return options;
}

class GgufMinima : public testing::TestWithParam<std::string> {};

TEST_P(GgufMinima, SearchLosesLessThanTheRange) {
  const Layer layer;
  const Scheme scheme = preset(GetParam());
  const auto error = [&](const QuantizeOptions& options, const at::Tensor& weights) {
    const at::Tensor off = dequantize(quantize(layer.weight, scheme, options), at::kFloat) - layer.weight;
    return (off * off * weights).sum().item<double>();
  };
  constexpr double kWanted = 0.9;  // of the error of the whole range; seen: 0.6 to 0.8
  EXPECT_LT(error(searched(layer.importance), layer.importance), kWanted * error(as_llama_cpp(), layer.importance));
  const at::Tensor equal = at::full({kColumns}, 1.0F);
  EXPECT_LT(error(searched(equal), equal), error(as_llama_cpp(), equal));
}

TEST_P(GgufMinima, EveryElementIsRoundedOnce) {
  const Layer layer;
  const QuantizedWeight w = quantize(layer.weight, preset(GetParam()), searched(layer.importance));
  const at::Tensor back = dequantize(w, at::kFloat);
  const int top = w.scheme.bits == 4 ? 15 : 31;
  for (int64_t i = 0; i < back.numel(); ++i) {
    const uint8_t code = w.codes.const_data_ptr<uint8_t>()[i];
    if (code == 0 || code == top) continue;  // may be clamped
    const float scale = w.scale.const_data_ptr<float>()[i / 32];
    ASSERT_LE(std::fabs(back.const_data_ptr<float>()[i] - layer.weight.const_data_ptr<float>()[i]), 0.5001F * scale) << i;
  }
}

TEST_P(GgufMinima, KeepsConstantBlocks) {
  for (float value : {0.0F, 0.25F, -3.0F}) {
    const at::Tensor w = at::full({2, 64}, value);
    const at::Tensor back = dequantize(quantize(w, preset(GetParam()), searched()), at::kFloat);
    // The step of float16 is 2^-11 of a scale, which code 15 or 31 multiplies.
    EXPECT_LE((back - w).abs().max().item<float>(), std::fabs(value) * 0x1p-10F) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, GgufMinima, testing::Values("GGUF:Q4_1", "GGUF:Q5_1"),
                         [](const auto& info) { return info.param.substr(5); });

}  // namespace
}  // namespace ar::quant::test
