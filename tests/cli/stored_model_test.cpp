// Quantized models as input: read back, converted, quantized again.
#include <fstream>

#include <boost/json.hpp>

#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

constexpr const char* kRtn = "--iters 0 --disable_opt_rtn";

class StoredModelTest : public CliTest {
 protected:
  /// KL divergence of a folder from another, in nats a token.
  double divergence(const std::string& model, const std::string& reference) {
    const auto result =
        run("auto-round", "eval " + model + " --ref " + reference + " --ppl notes.txt --seqlen 64 --windows 2");
    EXPECT_EQ(result.status, 0) << result.err;
    const auto at = result.out.find("kld ");
    return at == std::string::npos ? 1.0 : std::stod(result.out.substr(at + 4));
  }
};

// The fake export holds the same weights rounded to bfloat16, which costs 7e-6 here; 4 bits cost a hundred times as much.
constexpr double kSameWeights = 2e-5;
constexpr double kFourBits = 20 * kSameWeights;

TEST_F(StoredModelTest, EveryIntegerLayoutReadsBackAsTheSameModel) {
  ASSERT_EQ(quantize(std::string(kRtn) + " --format auto_round,auto_gptq,auto_awq,llm_compressor,mlx,fake").status, 0);
  const std::string base = "out/tiny-qwen3-w4g128/";
  EXPECT_GT(divergence(base + "fake", "tiny-qwen3"), kFourBits);
  for (const char* folder : {"auto-round-auto-gptq", "auto-gptq", "auto-awq", "llm-compressor-wint-a16", "mlx"})
    EXPECT_LT(divergence(base + folder, base + "fake"), kSameWeights) << folder;
}

// Both compute with the same quantized inputs; a layer that left its inputs alone would differ as much as 4 bits do.
// Scales of MX types are powers of two, so bfloat16 holds the weights exactly. (NVFP4's it does not, and a weight that is
// off by a bit moves inputs of the next layer to another code.)
TEST_F(StoredModelTest, ActivationsAreQuantizedAsInTheFakeModel) {
  const auto made = quantize(std::string(kRtn) + " --format auto_round,llm_compressor,fake --scheme MXFP4");
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string base = "out/" + fs::directory_iterator(in("out"))->path().filename().string() + "/";
  EXPECT_GT(divergence(base + "fake", "tiny-qwen3"), kFourBits);
  for (const auto& folder : fs::directory_iterator(in(base)))
    EXPECT_LT(divergence(base + folder.path().filename().string(), base + "fake"), kSameWeights) << folder.path();
}

TEST_F(StoredModelTest, ConvertsGptqToAutoRoundWithTheSameCodes) {
  ASSERT_EQ(quantize(std::string(kRtn) + " --format auto_gptq,auto_round").status, 0);
  const std::string base = "out/tiny-qwen3-w4g128/";
  const auto result = run("auto-round", "convert " + base + "auto-gptq --format auto_round --output_dir converted");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(weight_files(in("converted")).begin()->second, weight_files(in(base + "auto-round-auto-gptq")).begin()->second);
  const auto config = read_object(in("converted/auto-gptq-w4g128/config.json")).at("quantization_config").as_object();
  EXPECT_EQ(config.at("quant_method"), "auto-round");
  EXPECT_EQ(config.at("packing_format"), "auto_round:auto_gptq");
}

TEST_F(StoredModelTest, ConvertsAwqAndMixedWidths) {
  const std::string mixed = " --asym --layer_config {down_proj:{group_size:32},v_proj:{bits:16}}";
  ASSERT_EQ(quantize(kRtn + mixed + " --format auto_round:gptqmodel").status, 0);
  const auto result = run("auto-round", "convert out/tiny-qwen3-w4g128 --format auto_round:auto_awq --output_dir awq");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto back = run("auto-round", "convert awq/tiny-qwen3-w4g128-w4g128 --format auto_round:gptqmodel --output_dir back");
  ASSERT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(weight_files(in("back")).begin()->second, weight_files(in("out")).begin()->second);
}

TEST_F(StoredModelTest, ConvertRefusesAModelWithoutCodes) {
  const auto result = run("auto-round", "convert tiny-qwen3 --format auto_round");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "no layer is stored quantized, so there is nothing to convert"));
}

TEST_F(StoredModelTest, QuantizesAQuantizedModelAgain) {
  ASSERT_EQ(quantize(std::string(kRtn) + " --format auto_gptq").status, 0);
  const auto again = run("auto-round", std::string("out/tiny-qwen3-w4g128 --output_dir again --bits 8 --device_map cpu ") +
                                           kRtn + " --ignore_layers v_proj");
  ASSERT_EQ(again.status, 0) << again.err;
  const fs::path folder = in("again/tiny-qwen3-w4g128-w8g128");
  EXPECT_EQ(read_object(folder / "config.json").at("quantization_config").at("bits").as_int64(), 8);
  const auto headers = tensor_headers(folder);
  EXPECT_NE(headers.if_contains("model.layers.0.self_attn.v_proj.weight"), nullptr);
  EXPECT_EQ(headers.if_contains("model.layers.0.self_attn.v_proj.qweight"), nullptr);
  EXPECT_EQ(headers.if_contains("model.layers.0.self_attn.q_proj.g_idx"), nullptr);
  // Eight bits over four lose little: the second rounding must not be what one sees.
  EXPECT_LT(divergence("again/tiny-qwen3-w4g128-w8g128", "out/tiny-qwen3-w4g128"), kFourBits);
}

/// Layers are dequantized one by one as they are needed; that must give what quantizing a dequantized copy gives.
TEST_F(StoredModelTest, EveryStoredFormatIsQuantizedAgain) {
  const std::string rtn = std::string(kRtn) + " --device_map cpu ";
  ASSERT_EQ(quantize(std::string(kRtn) + " --format auto_awq,llm_compressor,mlx").status, 0);
  ASSERT_EQ(quantize(std::string(kRtn) + " --scheme FP8_BLOCK --format fp8,llm_compressor --output_dir fp8").status, 0);
  std::vector<std::string> sources;
  for (const char* root : {"out/tiny-qwen3-w4g128", "fp8/tiny-qwen3-fp-w8g128x128"}) {
    for (const auto& entry : fs::directory_iterator(in(root)))
      sources.push_back(root + ("/" + entry.path().filename().string()));
  }
  ASSERT_EQ(sources.size(), 5U);
  for (const std::string& source : sources) {
    const std::string name = fs::path(source).filename();
    const auto plain = run("auto-round", source + " --scheme BF16 --output_dir plain " + rtn);
    ASSERT_EQ(plain.status, 0) << plain.err;
    fs::rename(in("plain/" + name + "-fp-w16g128"), in("plain/" + name));
    EXPECT_FALSE(read_object(in("plain/" + name + "/config.json")).contains("quantization_config")) << source;
    const std::string how = " --scheme W3A16 --group_size 64 --format auto_round:gptqmodel " + rtn;
    ASSERT_EQ(run("auto-round", source + how + "--output_dir again").status, 0) << source;
    ASSERT_EQ(run("auto-round", "plain/" + name + how + "--output_dir expected").status, 0) << source;
    const std::string result = name + "-w3g64";
    EXPECT_EQ(weight_files(in("again/" + result)), weight_files(in("expected/" + result))) << source;
    EXPECT_EQ(read_object(in("again/" + result + "/config.json")),
              read_object(in("expected/" + result + "/config.json")));
  }
}

TEST_F(StoredModelTest, PointsAtConversionWhenNothingWouldChange) {
  ASSERT_EQ(quantize(std::string(kRtn) + " --format auto_gptq").status, 0);
  const std::string again = std::string("out/tiny-qwen3-w4g128 --output_dir again --device_map cpu ") + kRtn;
  const auto same = run("auto-round", again);
  ASSERT_EQ(same.status, 0) << same.err;
  EXPECT_TRUE(contains(same.err, "`auto-round convert out/tiny-qwen3-w4g128` takes the codes over as they are"));
  EXPECT_FALSE(contains(run("auto-round", again + " --group_size 32").err, "auto-round convert"));
}

TEST_F(StoredModelTest, RefusesAQuantMethodNobodyOwns) {
  const fs::path config = in("tiny-qwen3/config.json");
  auto json = read_object(config);
  json["quantization_config"] = boost::json::object{{"quant_method", "hqq"}};
  std::ofstream(config) << boost::json::serialize(json);
  const auto result = quantize(kRtn);
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "no format plugin reads a checkpoint with quant_method 'hqq'"));
}

TEST_F(StoredModelTest, NamesAPackedLayerWithoutConfig) {
  ASSERT_EQ(quantize(kRtn).status, 0);
  const fs::path config = in("out/tiny-qwen3-w4g128/config.json");
  auto json = read_object(config);
  json.erase("quantization_config");
  std::ofstream(config) << boost::json::serialize(json);
  const auto result = run("auto-round", "eval out/tiny-qwen3-w4g128 --ppl notes.txt --seqlen 64");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "model.layers.0.self_attn.q_proj is stored quantized, but config.json has no "
                                   "quantization_config"));
}

}  // namespace
}  // namespace ar::cli
