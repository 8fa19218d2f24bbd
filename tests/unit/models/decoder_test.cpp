#include "plugins/models/common/decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "ar/cpp/error.hpp"
#include "tests/unit/models/tiny_model.hpp"

namespace ar::models {
namespace {

using test::kTinyConfig;
using test::LeafRunner;
using test::tiny_spec;
using test::tiny_tensors;

std::string with(const std::string& members) { return std::string(kTinyConfig).insert(1, members + ", "); }

std::string failure(const std::string& config, const TensorTable& tensors) {
  try {
    Decoder(tiny_spec(), Config(config), tensors);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

Decoder open(const std::string& config = kTinyConfig, const TensorTable& tensors = tiny_tensors()) {
  return Decoder(tiny_spec(), Config(config), tensors);
}

TEST(Decoder, ListsLinearsInRegistrationOrder) {
  std::string names;
  const Decoder model = open();
  for (const LinearSpec& l : model.spec().blocks[1].linears) names += l.name.substr(15) + " ";
  EXPECT_EQ(
      names,
      "self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn.o_proj mlp.gate_proj mlp.up_proj mlp.down_proj ");
  EXPECT_EQ(model.spec().blocks[1].linears[0].gguf_name, "blk.1.attn_q");
  EXPECT_EQ(model.spec().blocks[1].linears[0].bias, "model.layers.1.self_attn.q_proj.bias");
  EXPECT_EQ(model.spec().head[0].gguf_name, "output");
}

/// Counts what attention asks, and may answer with other values.
class StatesRunner final : public Runner {
 public:
  explicit StatesRunner(LeafRunner& inner) : inner_(inner) {}
  at::Tensor linear(int64_t id, const at::Tensor& x) override { return inner_.linear(id, x); }
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x,
                            const std::vector<int64_t>& offsets) override {
    return inner_.grouped_linear(ids, x, offsets);
  }
  at::Tensor parameter(int64_t id) override { return inner_.parameter(id); }
  at::ScalarType compute() const override { return inner_.compute(); }
  AttentionStates attention(int64_t id, const AttentionStates& states) override {
    asked.push_back(id);
    seen = states;
    return {states.query, states.key, states.value * value_factor};
  }
  std::vector<int64_t> asked;
  AttentionStates seen;
  double value_factor = 1.0;

 private:
  LeafRunner& inner_;
};

TEST(Decoder, AttentionComputesWithTheStatesThatTheRunnerGives) {
  const Decoder model = open();
  const BlockSpec& block = model.spec().blocks[1];
  ASSERT_EQ(block.attentions.size(), 1U);
  EXPECT_EQ(block.attentions[0].name, "model.layers.1.self_attn");
  EXPECT_EQ(block.attentions[0].type, "TinyAttention");
  const at::NoGradGuard no_grad;
  LeafRunner leaves(block, at::kFloat);
  const auto context = model.context(6, at::TensorOptions(at::kFloat));
  const at::Tensor x = test::random_tensor({1, 6, 16}, 3, 1.0f);
  const at::Tensor plain = model.block(1, x, *context, leaves);
  StatesRunner runner(leaves);
  EXPECT_TRUE(model.block(1, x, *context, runner).equal(plain));
  EXPECT_EQ(runner.asked, std::vector<int64_t>{0});
  EXPECT_EQ(runner.seen.query.sizes().vec(), (std::vector<int64_t>{1, 6, 4, 8}));
  EXPECT_EQ(runner.seen.key.sizes().vec(), (std::vector<int64_t>{1, 6, 2, 8}));
  EXPECT_EQ(runner.seen.value.sizes().vec(), (std::vector<int64_t>{1, 6, 2, 8}));
  runner.value_factor = 2.0;
  EXPECT_FALSE(model.block(1, x, *context, runner).equal(plain));
}

TEST(Decoder, AcceptsNamesWithoutTheBaseModelsPrefix) {
  TensorTable bare;
  for (const auto& [name, info] : tiny_tensors()) bare[name.rfind("model.", 0) == 0 ? name.substr(6) : name] = info;
  const Decoder model = open(kTinyConfig, bare);
  EXPECT_EQ(model.spec().blocks[0].linears[0].name, "model.layers.0.self_attn.q_proj");
  EXPECT_EQ(model.spec().blocks[0].linears[0].weight, "layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(model.spec().embed[0].tensor, "embed_tokens.weight");
  EXPECT_EQ(model.spec().embed[0].export_name, "model.embed_tokens.weight");
}

TEST(Decoder, TakesATiedMatrixUnderEitherName) {
  const std::string config = with("\"tie_word_embeddings\": true");
  TensorTable embedding_only = tiny_tensors(), head_only = tiny_tensors();
  embedding_only.erase("lm_head.weight");
  head_only.erase("model.embed_tokens.weight");
  EXPECT_EQ(open(config, embedding_only).spec().head[0].weight, "model.embed_tokens.weight");
  const Decoder model = open(config, head_only);
  EXPECT_EQ(model.spec().embed[0].tensor, "lm_head.weight");
  EXPECT_EQ(model.spec().embed[0].export_name, "model.embed_tokens.weight");
  EXPECT_EQ(model.spec().head[0].weight, "lm_head.weight");
  EXPECT_EQ(open(config).spec().dropped, std::vector<std::string>{"lm_head.weight"});
}

TEST(Decoder, DropsRotaryBuffers) {
  TensorTable tensors = tiny_tensors();
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {"F32", {4}};
  EXPECT_EQ(open(kTinyConfig, tensors).spec().dropped,
            std::vector<std::string>{"model.layers.0.self_attn.rotary_emb.inv_freq"});
}

TEST(Decoder, TakesALayerThatAFormatStoredPacked) {
  TensorTable tensors = tiny_tensors();
  tensors.erase("model.layers.0.mlp.up_proj.weight");
  EXPECT_EQ(failure(kTinyConfig, tensors), "tensor model.layers.0.mlp.up_proj.weight is missing in the checkpoint");
  tensors["model.layers.0.mlp.up_proj.qweight"] = {"I32", {2, 24}};
  EXPECT_EQ(failure(kTinyConfig, tensors), "");
}

TEST(Decoder, NamesAConfigValueItDoesNotImplement) {
  EXPECT_EQ(failure(with("\"hidden_act\": \"relu\""), tiny_tensors()),
            "config.json: hidden_act is \"relu\": must be silu or swish");
  EXPECT_EQ(
      failure(with("\"layer_types\": [\"full_attention\", \"linear_attention\"]"), tiny_tensors()),
      "config.json: layer_types is [\"full_attention\",\"linear_attention\"]: must be a list of full_attention and "
      "sliding_attention");
  EXPECT_EQ(failure(with("\"layer_types\": [\"full_attention\"]"), tiny_tensors()),
            "config.json: layer_types is [\"full_attention\"]: must be a list of 2 names");
}

at::Tensor run_block(const Decoder& model, const at::Tensor& hidden, Runner& runner) {
  const auto context = model.context(hidden.size(1), hidden.options().requires_grad(false));
  return model.block(1, hidden, *context, runner);  // the layer with the window
}

/// A fixed weighting makes the output one number.
at::Tensor loss_of(const at::Tensor& y) {
  return (y * test::random_tensor(y.sizes().vec(), 5).to(y.scalar_type())).sum();
}

constexpr int64_t kTokens = 11;  // longer than the window
const std::string kWindowed = with("\"use_sliding_window\": true, \"sliding_window\": 4");

TEST(DecoderBlock, GradientEqualsFiniteDifferences) {
  const Decoder model = open(kWindowed);
  LeafRunner runner(model.spec().blocks[1], at::kDouble);
  const at::Tensor x = test::random_tensor({1, kTokens, 16}, 1).to(at::kDouble).set_requires_grad(true);
  loss_of(run_block(model, x, runner)).backward();

  const at::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  constexpr double kTolerance = 1e-6;  // of central differences with that step in float64
  std::vector<at::Tensor> leaves = runner.leaves();
  leaves.push_back(x);
  for (const at::Tensor& leaf : leaves) {
    auto* value = leaf.data_ptr<double>();
    const auto* gradient = leaf.grad().const_data_ptr<double>();
    for (int64_t i = 0; i < leaf.numel(); i += 1 + leaf.numel() / 3) {
      const double kept = value[i];
      value[i] = kept + kStep;
      const double above = loss_of(run_block(model, x, runner)).item<double>();
      value[i] = kept - kStep;
      const double below = loss_of(run_block(model, x, runner)).item<double>();
      value[i] = kept;
      EXPECT_NEAR(gradient[i], (above - below) / (2 * kStep), kTolerance * (1 + std::abs(gradient[i])));
    }
  }
}

TEST(DecoderBlock, FusedFloat32EqualsFloat64) {
  for (const std::string& config : {kWindowed, std::string(kTinyConfig)}) {
    const Decoder model = open(config);
    LeafRunner narrow(model.spec().blocks[1], at::kFloat), wide(model.spec().blocks[1], at::kDouble);
    const at::Tensor x = test::random_tensor({1, kTokens, 16}, 1).set_requires_grad(true);
    const at::Tensor x64 = x.detach().to(at::kDouble).set_requires_grad(true);
    const at::Tensor y = run_block(model, x, narrow), y64 = run_block(model, x64, wide);
    loss_of(y).backward();
    loss_of(y64).backward();
    constexpr double kTolerance = 2e-5;  // float32 rounding through one block, relative to the largest number
    const auto expect_near = [&](const at::Tensor& a, const at::Tensor& b) {
      EXPECT_LE((a.to(at::kDouble) - b).abs().max().item<double>(), kTolerance * (1 + b.abs().max().item<double>()));
    };
    expect_near(y.detach(), y64.detach());
    expect_near(x.grad(), x64.grad());
    for (std::size_t i = 0; i < narrow.leaves().size(); ++i)
      expect_near(narrow.leaves()[i].grad(), wide.leaves()[i].grad());
  }
}

TEST(DecoderBlock, SeesNoFurtherThanItsWindow) {
  const Decoder model = open(kWindowed);
  const at::NoGradGuard no_grad;
  LeafRunner runner(model.spec().blocks[1], at::kFloat);
  const at::Tensor x = test::random_tensor({1, kTokens, 16}, 1);
  at::Tensor changed = x.clone();
  changed.select(1, 2).fill_(3.0);
  const at::Tensor difference = (run_block(model, x, runner) - run_block(model, changed, runner)).abs().amax({0, 2});
  for (int64_t t = 0; t < kTokens; ++t) {
    EXPECT_EQ(difference[t].item<float>() > 0.0f, t >= 2 && t < 6) << "position " << t;
  }
}

}  // namespace
}  // namespace ar::models
