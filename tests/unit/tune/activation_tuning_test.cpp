#include "core/tune/activation_tuning.hpp"

#include <vector>

#include <gtest/gtest.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max.h>
#include <ATen/ops/randn.h>

#include "core/base/random.hpp"
#include "core/tune/block_tuner.hpp"

namespace ar::tune {
namespace {

constexpr int64_t kIn = 32;
constexpr int64_t kOut = 48;
constexpr int64_t kSamples = 4;
constexpr int64_t kTokens = 16;

/// Layers that read the same input, their outputs side by side. Targets are `gain` times the original outputs, so that a
/// range that cuts inputs off wants to grow (gain above 1) or to shrink.
struct Layers {
  Stage stage;
  StageData data;
  std::vector<std::vector<uint8_t>> kept;

  explicit Layers(const std::vector<double>& gains) {
    at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
    generator.set_current_seed(11);
    data.inputs = at::randn({kSamples, kTokens, kIn});
    std::vector<at::Tensor> targets;
    for (const double gain : gains) {
      StageLinear linear;
      linear.name = "layer" + std::to_string(targets.size());
      linear.weight = (at::randn({kOut, kIn}) * 0.2).to(at::kBFloat16);
      linear.scheme = quant::preset("FP8_STATIC");
      linear.tuned = true;
      linear.act_max = 0.5F * at::abs(data.inputs).max().item<float>();
      targets.push_back(at::matmul(data.inputs, linear.weight.to(at::kFloat).t()) * gain);
      stage.linears.push_back(linear);
    }
    data.targets = at::cat(targets, 2);
    stage.forward = [n = gains.size()](const at::Tensor& x, Runner& r) {
      std::vector<at::Tensor> out;
      for (std::size_t i = 0; i < n; ++i) out.push_back(r.linear(static_cast<int64_t>(i), x));
      return at::cat(out, 2);
    };
    kept.assign(kSamples, std::vector<uint8_t>(kTokens, 1));
    data.kept = &kept;
  }

  TuneResult tune(bool minmax_tuning = true) const {
    TuneOptions options;
    options.iters = 4;
    options.batch_size = kSamples;
    options.keep_best = false;
    options.minmax_tuning = minmax_tuning;
    base::PythonRandom random(42);
    return tune_stage(stage, data, options, random, {});
  }
};

TEST(ActivationTuning, RangesMoveAgainstTheirGradients) {
  const Layers shrinking({0.1}), growing({10.0});
  const float act_max = *shrinking.stage.linears[0].act_max;
  // Steps of 1/4, 3/16 and 1/8, all the same way; a factor does not grow beyond 1.
  EXPECT_FLOAT_EQ(*shrinking.tune().act_max[0], act_max * (1.0F - 0.25F - 0.1875F - 0.125F));
  EXPECT_EQ(*growing.tune().act_max[0], *growing.stage.linears[0].act_max);
}

TEST(ActivationTuning, IdleWithoutMinmaxTuning) {
  EXPECT_FALSE(Layers({0.1}).tune(/*minmax_tuning=*/false).act_max[0].has_value());
}

TEST(ActivationTuning, LayersWithOneInputTrainApart) {
  // The loss is a sum over the layers and steps see signs alone: each ends where it would have ended alone. (The weights of
  // the second differ, being drawn later, so the first is compared.)
  const TuneResult together = Layers({0.1, 10.0}).tune(), alone = Layers({0.1}).tune();
  EXPECT_EQ(*together.act_max[0], *alone.act_max[0]);
  EXPECT_GT(*together.act_max[1], *together.act_max[0]);
  EXPECT_TRUE(at::equal(together.layers[0]->codes, alone.layers[0]->codes));
  EXPECT_TRUE(at::equal(together.layers[0]->scale, alone.layers[0]->scale));
}

}  // namespace
}  // namespace ar::tune
