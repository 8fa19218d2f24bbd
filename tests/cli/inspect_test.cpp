// What a checkpoint is said to hold.
#include <fstream>

#include <boost/json.hpp>

#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

class InspectTest : public CliTest {
 protected:
  boost::json::object inspect(const std::string& path) {
    const auto result = run("auto-round", "inspect " + path + " --json");
    EXPECT_EQ(result.status, 0) << result.err;
    return boost::json::parse(result.out).as_object();
  }
  static std::string loaders(const boost::json::object& found) {
    std::string names;
    for (const auto& loader : found.at("loaders").as_array()) names += loader.at("name").as_string().c_str() + std::string(" ");
    return names;
  }
};

TEST_F(InspectTest, TellsAnOrdinaryModel) {
  const auto result = run("auto-round", "inspect tiny-qwen3");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "tiny-qwen3: safetensors, 1 file\nnot quantized\n"));
  EXPECT_TRUE(contains(result.out, "model.layers.0.self_attn.q_proj.weight"));
  EXPECT_TRUE(contains(result.out, "[256, 256]"));
  EXPECT_TRUE(contains(result.out, ", 16.0000 bits per weight\n"));
  EXPECT_TRUE(contains(result.out, "  vLLM\n"));
}

TEST_F(InspectTest, CountsBitsPerWeight) {
  ASSERT_EQ(quantize("--iters 0 --disable_opt_rtn").status, 0);
  const auto found = inspect("out/tiny-qwen3-w4g128");
  EXPECT_EQ(found.at("quant_method"), "auto-round");
  EXPECT_EQ(found.at("packing_format"), "auto_round:auto_gptq");
  EXPECT_EQ(found.at("format"), "auto_round");
  EXPECT_EQ(found.at("matrices").as_array().size(), 14U);
  // Codes, and for each 128 of them a scale of 16 bits and a zero point of 4.
  EXPECT_DOUBLE_EQ(found.at("totals").at("quantized_bits_per_weight").as_double(), 4.15625);
  EXPECT_EQ(loaders(found), "Transformers vLLM SGLang ");
  const auto text = run("auto-round", "inspect out/tiny-qwen3-w4g128").out;
  EXPECT_TRUE(contains(text, "4.1562           int 4 bits symmetric, group 128\n")) << text;
  EXPECT_TRUE(contains(text, "read by format plugin auto_round\n"));
}

TEST_F(InspectTest, TellsLayersApart) {
  ASSERT_EQ(quantize("--iters 0 --disable_opt_rtn --layer_config {k_proj:{bits:8,group_size:32}}").status, 0);
  const auto found = inspect("out/tiny-qwen3-w4g128");
  int n_eight = 0;
  for (const auto& tensor : found.at("tensors").as_array()) {
    const auto* bits = tensor.as_object().if_contains("bits");
    if (bits == nullptr || *bits != 8) continue;
    EXPECT_TRUE(contains(tensor.at("matrix").as_string().c_str(), "k_proj"));
    EXPECT_EQ(tensor.at("group_size"), 32);
    ++n_eight;
  }
  EXPECT_EQ(n_eight, 2 * 3);  // qweight, qzeros, scales of two layers
  EXPECT_EQ(loaders(found), "Transformers ");  // the servers fuse it with q_proj
}

TEST_F(InspectTest, TakesOneFile) {
  ASSERT_EQ(quantize("--iters 0 --disable_opt_rtn").status, 0);
  const auto found = inspect("out/tiny-qwen3-w4g128/model.safetensors");
  EXPECT_EQ(found.at("matrices").as_array().size(), 14U);
  fs::rename(in("out/tiny-qwen3-w4g128/model.safetensors"), in("alone.safetensors"));
  const auto alone = inspect("alone.safetensors");
  EXPECT_TRUE(contains(alone.at("matrices").as_array().front().at("problem").as_string().c_str(), "no config.json"));
}

TEST_F(InspectTest, TakesAGgufFileOrItsFolder) {
  const auto made = run("auto-round", std::string(AR_SOURCE_DIR) + "/examples/tinystories-656k --device_map cpu --iters 0 "
                                      "--disable_opt_rtn --format gguf:q8_0 --output_dir out");
  ASSERT_EQ(made.status, 0) << made.err;
  const auto folder = inspect("out/tinystories-656k-gguf");
  EXPECT_EQ(folder.at("file"), "gguf");
  EXPECT_EQ(folder.at("format"), "gguf");
  EXPECT_EQ(loaders(folder), "llama.cpp Transformers vLLM SGLang ");
  EXPECT_DOUBLE_EQ(folder.at("totals").at("quantized_bits_per_weight").as_double(), 8.5);  // a scale of 16 bits for 32
  const std::string file = "out/tinystories-656k-gguf/" + std::string(folder.at("files").as_array().front().as_string());
  EXPECT_EQ(inspect(file).at("totals"), folder.at("totals"));
  fs::resize_file(in(file), 1000);
  const auto damaged = run("auto-round", "inspect " + file);
  EXPECT_EQ(damaged.status, 1);
  EXPECT_TRUE(contains(damaged.err, file));
}

TEST_F(InspectTest, SaysWhenNobodyReadsIt) {
  ASSERT_EQ(quantize("--iters 0 --disable_opt_rtn").status, 0);
  const fs::path config = in("out/tiny-qwen3-w4g128/config.json");
  auto json = read_object(config);
  json["quantization_config"].as_object()["quant_method"] = "hqq";
  std::ofstream(config) << boost::json::serialize(json);
  const auto found = inspect("out/tiny-qwen3-w4g128");
  EXPECT_EQ(found.at("format"), "");
  EXPECT_EQ(found.at("loaders").as_array().size(), 0U);
  EXPECT_EQ(found.at("matrices").as_array().front().at("problem"), "no format plugin reads quant_method 'hqq'");
}

TEST_F(InspectTest, RefusesWhatIsNotThere) {
  const auto nothing = run("auto-round", "inspect");
  EXPECT_EQ(nothing.status, 2);
  EXPECT_TRUE(contains(nothing.err, "a model folder or file is required"));
  const auto missing = run("auto-round", "inspect nowhere");
  EXPECT_EQ(missing.status, 2);
  EXPECT_TRUE(contains(missing.err, "nowhere: there is no such file or folder"));
}

TEST_F(InspectTest, NamesADamagedFile) {
  fs::resize_file(in("tiny-qwen3/model.safetensors"), 100);
  const auto result = run("auto-round", "inspect tiny-qwen3");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "tiny-qwen3/model.safetensors"));
}

}  // namespace
}  // namespace ar::cli
