// Static FP8 scales of attention's states: calibrated, stored, announced, read back.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <boost/json.hpp>

#include "tests/cli/cli_test.hpp"
#include "tests/tools/safetensors.hpp"

namespace ar::cli {
namespace {

const std::string kRtn = "--iters 0 --disable_opt_rtn ";

class StatesTest : public CliTest {
 protected:
  boost::json::object config(const std::string& folder) const {
    return read_object(in(folder) / "config.json").at("quantization_config").as_object();
  }
  /// Type and shape of a tensor, "" when there is none.
  std::string stored(const std::string& folder, const std::string& name) const {
    const auto headers = tensor_headers(in(folder));
    const auto* t = headers.if_contains(name);
    return t == nullptr ? "" : t->at("dtype").as_string().c_str() + boost::json::serialize(t->at("shape"));
  }
  /// The first number of a float32 tensor.
  float value(const std::string& folder, const std::string& name) const {
    const auto tensors = test::read_safetensors(in(folder) / "model.safetensors");
    float number = 0;
    std::memcpy(&number, tensors.at(name).bytes.data(), sizeof number);
    return number;
  }
  /// KL divergence of a folder from another, in nats a token.
  double divergence(const std::string& model, const std::string& reference) {
    const auto result =
        run("auto-round", "eval " + model + " --ref " + reference + " --ppl notes.txt --seqlen 64 --windows 2");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(count(result.err, "WARNING"), 0U) << result.err;
    const auto at = result.out.find("kld ");
    return at == std::string::npos ? -1.0 : std::stod(result.out.substr(at + 4));
  }
};

TEST_F(StatesTest, ScalesOfKeysAndValuesAreStoredAndAnnounced) {
  const auto made = quantize(kRtn + "--format auto_round,llm_compressor --static_kv_dtype fp8");
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string own = "out/tiny-qwen3-w4g128/auto-round-auto-gptq",
                    theirs = "out/tiny-qwen3-w4g128/llm-compressor-wint-a16";
  for (const auto& folder : {own, theirs}) {
    EXPECT_EQ(stored(folder, "model.layers.0.self_attn.k_scale"), "F32[1]");
    EXPECT_EQ(stored(folder, "model.layers.1.self_attn.v_scale"), "F32[1]");
    EXPECT_EQ(stored(folder, "model.layers.0.self_attn.q_scale"), "");
  }
  EXPECT_EQ(config(own).at("static_kv_dtype"), "fp8");
  EXPECT_EQ(config(own).at("static_kv_granularity"), "tensor");
  EXPECT_FALSE(config(own).contains("static_attention_dtype"));
  EXPECT_EQ(config(theirs).at("kv_cache_scheme").at("strategy"), "tensor");
  EXPECT_FALSE(config(theirs).contains("attention_input_activations"));
}

TEST_F(StatesTest, AttentionAddsQueriesAndHeadsHaveTheirOwn) {
  const auto made = quantize(kRtn +
                             "--format auto_round,llm_compressor --static_attention_dtype float8_e4m3fn "
                             "--static_attention_granularity head");
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string own = "out/tiny-qwen3-w4g128/auto-round-auto-gptq",
                    theirs = "out/tiny-qwen3-w4g128/llm-compressor-wint-a16";
  const auto model = read_object(in("tiny-qwen3") / "config.json");
  const auto shape = [&](const char* heads) { return "F32[" + boost::json::serialize(model.at(heads)) + "]"; };
  EXPECT_EQ(stored(own, "model.layers.0.self_attn.q_scale"), shape("num_attention_heads"));
  EXPECT_EQ(stored(theirs, "model.layers.0.self_attn.k_scale"), shape("num_key_value_heads"));
  EXPECT_EQ(config(own).at("static_attention_dtype"), "float8_e4m3fn");
  EXPECT_EQ(config(own).at("static_attention_granularity"), "head");
  EXPECT_FALSE(config(own).contains("static_kv_dtype"));
  EXPECT_EQ(config(theirs).at("kv_cache_scheme").at("strategy"), "attn_head");
  EXPECT_EQ(boost::json::serialize(config(theirs).at("attention_input_activations").at("targets")),
            R"(["Qwen3Attention"])");
}

// Upstream keeps the scales of the last batch alone (docs/formats.md).
TEST_F(StatesTest, EverySampleCountsWhateverTheBatch) {
  for (const std::string bs : {"2", "16"}) {
    const auto made = quantize(kRtn + "--static_attention_dtype fp8 --bs " + bs + " --output_dir b" + bs);
    ASSERT_EQ(made.status, 0) << made.err;
  }
  EXPECT_EQ(weight_files(in("b2/tiny-qwen3-w4g128")), weight_files(in("b16/tiny-qwen3-w4g128")));
}

TEST_F(StatesTest, TuningRunsWithAnFp8Cache) {
  const auto loss = [&](const std::string& options) {
    const auto made = quantize("--iters 2 --output_dir tuned " + options);
    EXPECT_EQ(made.status, 0) << made.err;
    fs::remove_all(in("tuned"));
    const auto at = made.err.find("loss iter 0: ");
    return at == std::string::npos ? "" : made.err.substr(at, made.err.find(',', at) - at);
  };
  const std::string plain = loss("");
  EXPECT_NE(plain, "");
  EXPECT_NE(loss("--static_kv_dtype fp8"), plain);
}

// Quantizing the tuned model again, to eight bits and without tuning, shows its states once more.
TEST_F(StatesTest, ScalesAreThoseOfTheTunedWeights) {
  constexpr double kTolerance = 0.02;  // two steps of bfloat16, and what eight bits change
  ASSERT_EQ(quantize("--iters 5 --bits 2 --group_size 32 --static_kv_dtype fp8").status, 0);
  const std::string tuned = "out/tiny-qwen3-w2g32";
  const auto data = " --seqlen 64 --nsamples 16 --bs 4 --dataset calib.jsonl --device_map cpu --static_kv_dtype fp8 ";
  const auto again = run("auto-round", tuned + data + kRtn + "--bits 8 --group_size 32 --output_dir again");
  ASSERT_EQ(again.status, 0) << again.err;
  ASSERT_EQ(quantize(kRtn + "--bits 8 --group_size 32 --output_dir source --static_kv_dtype fp8").status, 0);
  double other = 0.0;
  for (const std::string layer : {"0", "1"}) {
    for (const std::string state : {"k_scale", "v_scale"}) {
      const std::string name = "model.layers." + layer + ".self_attn." + state;
      const float scale = value(tuned, name);
      EXPECT_NEAR(value("again/tiny-qwen3-w2g32-w8g32", name), scale, kTolerance * scale) << name;
      other = std::max(other, std::abs(value("source/tiny-qwen3-w8g32", name) / scale - 1.0));
    }
  }
  EXPECT_GT(other, kTolerance);
}

// Steps of 1/16 in keys and values cost less than 4-bit weights, and something.
TEST_F(StatesTest, EvalComputesWithTheStoredScales) {
  ASSERT_EQ(quantize(kRtn + "--output_dir plain").status, 0);
  ASSERT_EQ(quantize(kRtn + "--output_dir kv --static_kv_dtype fp8").status, 0);
  ASSERT_EQ(
      quantize(kRtn + "--output_dir attention --static_attention_dtype fp8 --static_attention_granularity head").status,
      0);
  const double weights = divergence("plain/tiny-qwen3-w4g128", "tiny-qwen3");
  const double kv = divergence("kv/tiny-qwen3-w4g128", "plain/tiny-qwen3-w4g128");
  EXPECT_GT(kv, 0.0);
  EXPECT_LT(kv, weights);
  const double attention = divergence("attention/tiny-qwen3-w4g128", "plain/tiny-qwen3-w4g128");
  EXPECT_GT(attention, 0.0);
  EXPECT_LT(attention, weights);
}

TEST_F(StatesTest, InspectKnowsTheScales) {
  ASSERT_EQ(quantize(kRtn + "--static_attention_dtype fp8").status, 0);
  const auto result = run("auto-round", "inspect out/tiny-qwen3-w4g128 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "model.layers.1.self_attn.q_scale"));
  EXPECT_FALSE(contains(result.out, "problem")) << result.out;
}

TEST_F(StatesTest, ConversionKeepsTheScales) {
  ASSERT_EQ(quantize(kRtn + "--format llm_compressor --static_attention_dtype fp8 --static_attention_granularity head")
                .status,
            0);
  const auto there = run("auto-round", "convert out/tiny-qwen3-w4g128 --format auto_round --output_dir there");
  ASSERT_EQ(there.status, 0) << there.err;
  EXPECT_FALSE(contains(there.err, "copied as it is, the model does not use it")) << there.err;
  EXPECT_EQ(config("there/tiny-qwen3-w4g128-w4g128").at("static_attention_granularity"), "head");
  const auto back =
      run("auto-round", "convert there/tiny-qwen3-w4g128-w4g128 --format llm_compressor --output_dir back");
  ASSERT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(weight_files(in("back")).begin()->second, weight_files(in("out")).begin()->second);
  const auto refused = run("auto-round", "convert out/tiny-qwen3-w4g128 --format auto_gptq --output_dir none");
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(contains(refused.err, "nothing that reads auto_gptq knows them"));
}

TEST_F(StatesTest, QuantizingAgainLeavesOldScalesOut) {
  ASSERT_EQ(quantize(kRtn + "--static_kv_dtype fp8").status, 0);
  const auto again = run("auto-round", "out/tiny-qwen3-w4g128 --bits 8 --device_map cpu --output_dir again " + kRtn);
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(contains(
      again.err, "scales of attention in the source (model.layers.0.self_attn.k_scale, ...) belong to its weights"));
  EXPECT_EQ(stored("again/tiny-qwen3-w4g128-w8g128", "model.layers.0.self_attn.k_scale"), "");
}

TEST_F(StatesTest, RefusesWhatNobodyWouldRead) {
  for (const std::string format : {"auto_gptq", "auto_awq", "mlx", "fake", "gguf:q4_0"}) {
    const auto result = quantize(kRtn + "--static_kv_dtype fp8 --format " + format);
    EXPECT_EQ(result.status, 2) << format;
    EXPECT_TRUE(contains(result.err, "knows them; use --format llm_compressor or auto_round")) << result.err;
  }
  const auto nothing = quantize(kRtn + "--static_kv_dtype fp8 --scheme BF16");
  EXPECT_EQ(nothing.status, 2);
  EXPECT_TRUE(contains(nothing.err, "--static_kv_dtype fp8: no layer is quantized")) << nothing.err;
  EXPECT_TRUE(has_no_final_file(in("out")));
}

}  // namespace
}  // namespace ar::cli
