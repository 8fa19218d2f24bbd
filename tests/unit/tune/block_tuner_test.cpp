#include "core/tune/block_tuner.hpp"

#include <limits>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>

#include "core/quant/data_type.hpp"
#include "core/tensor/parallel.hpp"
#include "core/tune/fixed_runner.hpp"

namespace ar::tune {
namespace {

constexpr int64_t kHidden = 64;
constexpr int64_t kSamples = 8;
constexpr int64_t kTokens = 16;

/// Two layers that share their input, as q and k do, and one that reads their product.
Stage make_stage(quant::Scheme scheme, bool bias = false) {
  Stage stage;
  stage.name = "toy";
  for (const char* name : {"a", "b", "c"}) {
    StageLinear linear;
    linear.name = name;
    linear.weight = (at::randn({kHidden, kHidden}) * 0.2).to(at::kBFloat16);
    if (bias) linear.bias = at::randn({kHidden}) * 0.1;
    linear.scheme = scheme;
    linear.tuned = true;
    stage.linears.push_back(std::move(linear));
  }
  stage.parameters.push_back({"gain", at::randn({kHidden}) * 0.1 + 1.0, true});
  stage.forward = [](const at::Tensor& x, Runner& r) {
    const at::Tensor scaled = x * r.parameter(0);
    return x + r.linear(2, at::silu(r.linear(0, scaled)) * r.linear(1, scaled));
  };
  return stage;
}

struct Problem {
  Stage stage;
  StageData data;
  std::vector<std::vector<uint8_t>> kept;
};

std::unique_ptr<Problem> make_problem(int bits, bool sym, int64_t group, bool bias = false) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  generator.set_current_seed(7);
  quant::Scheme scheme;
  scheme.bits = bits;
  scheme.sym = sym;
  scheme.group_size = group;
  auto p = std::make_unique<Problem>();
  p->stage = make_stage(scheme, bias);
  p->data.inputs = at::randn({kSamples, kTokens, kHidden}).to(at::kBFloat16);
  p->kept.assign(kSamples, std::vector<uint8_t>(kTokens, 1));
  for (auto& row : p->kept) row.back() = 0;
  p->data.kept = &p->kept;
  FixedRunner original(p->stage);
  std::vector<at::Tensor> targets;
  p->data.targets = p->data.inputs.to(at::kFloat);
  for (int64_t i = 0; i < kSamples; ++i) {
    at::Tensor target = p->data.targets.narrow(0, i, 1);
    target.copy_(p->stage.forward(target.clone(), original));
  }
  return p;
}

/// Mean squared error of a finished stage over all samples.
double error_of(const Problem& p, const std::vector<at::Tensor>& weights) {
  FixedRunner runner(p.stage, weights);
  double sum = 0.0;
  for (int64_t i = 0; i < kSamples; ++i) {
    const at::Tensor out = p.stage.forward(p.data.inputs.narrow(0, i, 1).to(at::kFloat), runner);
    sum += (out - p.data.targets.narrow(0, i, 1)).square().mean().item<double>();
  }
  return sum / kSamples;
}

std::vector<at::Tensor> weights_of(const Problem& p, const TuneResult& r) {
  std::vector<at::Tensor> weights;
  for (const auto& layer : r.layers) weights.push_back(quant::dequantize(*layer, at::kFloat));
  (void)p;
  return weights;
}

TuneOptions short_run() {
  TuneOptions o;
  o.iters = 30;
  o.batch_size = 4;
  return o;
}

TuneResult tune(const Problem& p, const TuneOptions& options) {
  base::PythonRandom random(42);
  return tune_stage(p.stage, p.data, options, random, {});
}

struct Case {
  int bits;
  bool sym;
  int64_t group;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.bits << (c.sym ? " bits sym" : " bits asym") << " group " << c.group; }
class BlockTunerCases : public testing::TestWithParam<Case> {};

TEST_P(BlockTunerCases, BeatsRoundingToNearest) {
  const auto p = make_problem(GetParam().bits, GetParam().sym, GetParam().group);
  std::vector<at::Tensor> rounded;
  for (const StageLinear& l : p->stage.linears) {
    rounded.push_back(quant::dequantize(quant::quantize(l.weight, l.scheme), at::kFloat));
  }
  const TuneResult result = tune(*p, short_run());
  EXPECT_LT(result.best_loss, result.first_loss);
  constexpr double kWanted = 0.9;  // of the rounded error; seen: 0.3 to 0.6
  EXPECT_LT(error_of(*p, weights_of(*p, result)), kWanted * error_of(*p, rounded));
}
INSTANTIATE_TEST_SUITE_P(Schemes, BlockTunerCases,
                         testing::Values(Case{2, true, 32}, Case{4, true, 32}, Case{4, false, 32}, Case{3, false, 16},
                                         Case{4, true, -1}, Case{4, true, 0}, Case{4, true, 48}),
                         [](const auto& info) {
                           const Case& c = info.param;
                           return fmt::format("w{}{}g{}", c.bits, c.sym ? "sym" : "asym",
                                              c.group < 0 ? "rows" : std::to_string(c.group));
                         });

void expect_equal(const TuneResult& a, const TuneResult& b) {
  EXPECT_EQ(a.best_loss, b.best_loss);
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_TRUE(at::equal(a.layers[i]->codes, b.layers[i]->codes)) << i;
    EXPECT_TRUE(at::equal(a.layers[i]->scale, b.layers[i]->scale)) << i;
  }
}

TEST(BlockTuner, GivesTheSameBytesTwiceAndOnOneOrTwoThreads) {
  const auto p = make_problem(4, true, 32);
  TuneResult one;
  {
    tensor::ThreadControl threads(1);
    one = tune(*p, short_run());
  }
  tensor::ThreadControl threads(2);
  expect_equal(one, tune(*p, short_run()));
  expect_equal(one, tune(*p, short_run()));
}

TEST(BlockTuner, FirstLossIsThatOfUnshiftedRounding) {
  const auto p = make_problem(4, true, 32);
  std::vector<std::pair<int64_t, double>> seen;
  base::PythonRandom random(42);
  TuneOptions options = short_run();
  options.batch_size = kSamples;
  const TuneResult result = tune_stage(p->stage, p->data, options, random, [&](int64_t i, double l) { seen.emplace_back(i, l); });
  ASSERT_EQ(seen.size(), 30U);
  EXPECT_EQ(seen[0].second, result.first_loss);
  EXPECT_EQ(seen[static_cast<std::size_t>(result.best_iteration)].second, result.best_loss);
}

TEST(BlockTuner, AccumulatedStepsFollowTheLargerBatch) {
  const auto p = make_problem(4, true, 32);
  TuneOptions whole = short_run();
  TuneOptions parts = short_run();
  parts.batch_size = 1;
  parts.gradient_accumulate_steps = 4;
  const TuneResult a = tune(*p, whole);
  const TuneResult b = tune(*p, parts);
  // The same samples in the same order; a sum instead of a mean changes no sign.
  const double differing = (a.layers[0]->codes != b.layers[0]->codes).to(at::kFloat).mean().item<double>();
  EXPECT_LT(differing, 0.02) << "signs of gradients that cancel to rounding noise may differ";
  EXPECT_EQ(a.best_iteration, b.best_iteration);
}

TEST(BlockTuner, KeepsTheLastIterateWhenAsked) {
  const auto p = make_problem(4, true, 32);
  TuneOptions options = short_run();
  options.keep_best = false;
  EXPECT_EQ(tune(*p, options).best_iteration, options.iters);
}

TEST(BlockTuner, VariantsImproveToo) {
  const auto p = make_problem(3, true, 32, true);
  TuneOptions adam = short_run();
  adam.optimizer = Optimizer::kAdamW;
  TuneOptions momentum = short_run();
  momentum.momentum = 0.9;
  TuneOptions fixed_ranges = short_run();
  fixed_ranges.minmax_tuning = false;
  TuneOptions vectors = short_run();
  vectors.norm_bias_tuning = true;
  for (const TuneOptions& options : {adam, momentum, fixed_ranges, vectors}) {
    const TuneResult result = tune(*p, options);
    EXPECT_LT(result.best_loss, result.first_loss);
    EXPECT_EQ(result.parameters[0].defined(), options.norm_bias_tuning);
    EXPECT_EQ(result.biases[0].defined(), options.norm_bias_tuning);
  }
}

TEST(BlockTuner, FallsBackToRoundingWhenEveryLossIsNan) {
  auto p = make_problem(4, true, 32);
  p->data.targets.fill_(std::numeric_limits<float>::quiet_NaN());
  const TuneResult result = tune(*p, short_run());
  const StageLinear& linear = p->stage.linears[0];
  EXPECT_TRUE(at::equal(result.layers[0]->codes, quant::quantize(linear.weight, linear.scheme).codes));
}

TEST(BlockTuner, LeavesUntunedLayersOut) {
  auto p = make_problem(4, true, 32);
  p->stage.linears[1].tuned = false;
  const TuneResult result = tune(*p, short_run());
  EXPECT_TRUE(result.layers[0].has_value());
  EXPECT_FALSE(result.layers[1].has_value());
}

}  // namespace
}  // namespace ar::tune
