#include "core/engine/evaluate.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/tensor/parallel.hpp"
#include "tests/unit/engine/models.hpp"
#include "tests/unit/temp_folder.hpp"

namespace fs = std::filesystem;

namespace ar::engine {
namespace {

// transformers 5.23.0 in float32 on the same 4 windows of 256 tokens.
constexpr double kExpectedNll = 3.550835;
constexpr double kNllTolerance = 1e-5;  // below 0.01 % of perplexity

EvaluateOptions bundled() {
  EvaluateOptions o;
  o.model = test::tiny_stories();
  o.text = fs::path(AR_SOURCE_DIR) / "examples/text/eval.txt";
  o.seqlen = 256;
  o.windows = 4;
  return o;
}

Evaluation run(const EvaluateOptions& options, int n_threads = 2) {
  const tensor::ThreadControl threads(n_threads);
  return evaluate(test::registry(), options);
}

TEST(Evaluate, GivesThePerplexityOfTransformers) {
  const Evaluation e = run(bundled());
  EXPECT_NEAR(e.nll, kExpectedNll, kNllTolerance);
  EXPECT_EQ(e.windows, 4);
  EXPECT_FALSE(e.kl_divergence);
}

TEST(Evaluate, DoesNotDependOnTheNumberOfThreads) { EXPECT_EQ(run(bundled(), 1).nll, run(bundled(), 3).nll); }

TEST(Evaluate, FindsNoDivergenceFromItself) {
  EvaluateOptions o = bundled();
  o.windows = 1;
  o.reference = o.model;
  const Evaluation e = run(o);
  EXPECT_EQ(*e.kl_divergence, 0.0);
  EXPECT_EQ(*e.top1, 1.0);
}

TEST(Evaluate, RefusesATextShorterThanAWindow) {
  const test::TempFolder folder;
  EvaluateOptions o = bundled();
  o.text = folder.write("short.txt", "Once upon a time");
  try {
    run(o);
    FAIL() << "was accepted";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.exit(), base::Exit::kUsage);
    EXPECT_NE(std::string(e.what()).find("a window takes --seqlen 256"), std::string::npos) << e.what();
  }
}

TEST(Describe, PrintsWhatThereIs) {
  Evaluation e;
  e.windows = 8;
  e.seqlen = 512;
  e.nll = 3.25;
  e.perplexity = 25.790340;
  EXPECT_EQ(describe(e), "ppl 25.7903  nll 3.250000  windows 8 x 512");
  e.kl_divergence = 0.125;
  e.top1 = 0.78215;
  EXPECT_EQ(describe(e), "ppl 25.7903  nll 3.250000  windows 8 x 512  kld 0.125000  top1 0.7822");
}

/// The bundled model with changed keys of its config.json.
class OpenModel : public testing::Test {
 protected:
  base::Error failure(const char* key, const boost::json::value& value) {
    const test::TempFolder folder;
    for (const auto& item : fs::directory_iterator(test::tiny_stories())) {
      fs::create_symlink(item.path(), folder / item.path().filename().string());
    }
    auto config = base::parse_json_file(folder / "config.json");
    config.as_object()[key] = value;
    fs::remove(folder / "config.json");
    folder.write("config.json", boost::json::serialize(config));
    EvaluateOptions o = bundled();
    o.model = folder.path();
    try {
      run(o);
    } catch (const base::Error& e) {
      return e;
    }
    return {base::Exit::kDone, ""};
  }
  static bool has(const base::Error& e, const char* text) {
    return std::string(e.what()).find(text) != std::string::npos;
  }
};

TEST_F(OpenModel, NamesAnUnknownModelTypeAndWhatThereIs) {
  const base::Error e = failure("model_type", "llama9");
  EXPECT_EQ(e.exit(), base::Exit::kUsage);
  EXPECT_TRUE(has(e, "model_type 'llama9', architecture 'LlamaForCausalLM': no model adapter takes it")) << e.what();
  EXPECT_TRUE(has(e, "available: llama, qwen2, qwen2_5_vl, qwen2_vl, qwen3, qwen3_vl")) << e.what();
  EXPECT_TRUE(has(e, "searched: ")) << e.what();
}

TEST_F(OpenModel, NamesAValueThatIsNotImplemented) {
  const base::Error e = failure("hidden_act", "gelu");
  EXPECT_EQ(e.exit(), base::Exit::kUsage);
  EXPECT_TRUE(has(e, "model adapter 'llama'")) << e.what();
  EXPECT_TRUE(has(e, "config.json: hidden_act is \"gelu\": must be silu or swish")) << e.what();
}

TEST_F(OpenModel, NamesATensorOfAnotherShape) {
  const base::Error e = failure("intermediate_size", 320);
  EXPECT_EQ(e.exit(), base::Exit::kFailed);
  EXPECT_TRUE(has(e, "tensor model.layers.0.mlp.gate_proj.weight is [384, 128]: config.json asks for [320, 128]"))
      << e.what();
}

TEST_F(OpenModel, NamesAMissingTensor) {
  const base::Error e = failure("num_hidden_layers", 3);
  EXPECT_EQ(e.exit(), base::Exit::kFailed);
  EXPECT_TRUE(has(e, "tensor model.layers.2.self_attn.q_proj.weight is missing in the checkpoint")) << e.what();
}

}  // namespace
}  // namespace ar::engine
