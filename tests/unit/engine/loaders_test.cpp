#include "core/engine/loaders.hpp"

#include <gtest/gtest.h>

namespace ar::engine {
namespace {

quant::Scheme scheme(const std::string& name, int64_t group_size, bool sym = true) {
  quant::Scheme s = quant::preset(name);
  s.group_size = group_size;
  s.sym = sym;
  return s;
}

std::string names(const StoredAs& stored) {
  std::string text;
  for (const Loader& loader : find_loaders(stored)) text += (text.empty() ? "" : " ") + loader.name;
  return text;
}

std::string names(const std::string& method, const std::string& packing, const std::vector<quant::Scheme>& schemes) {
  return names(StoredAs{"safetensors", method, packing, schemes});
}

std::string names(const std::string& method, const std::string& packing, const std::string& preset) {
  return names(method, packing, {quant::preset(preset)});
}

std::string needs(const std::string& loader, const std::string& method, const std::string& packing,
                  const std::vector<quant::Scheme>& schemes) {
  for (const Loader& found : find_loaders({"safetensors", method, packing, schemes})) {
    if (found.name == loader) return found.needs;
  }
  return "not loaded";
}

constexpr const char* kServers = "Transformers vLLM SGLang";

TEST(Loaders, OfOrdinaryModelsAreAll) {
  EXPECT_EQ(names(StoredAs{"safetensors", "", "", {}}), "Transformers vLLM SGLang mlx-lm");
}

TEST(Loaders, OfGguf) {
  EXPECT_EQ(names(StoredAs{"gguf", "", "", {quant::preset("GGUF:Q4_K_M")}}), "llama.cpp Transformers vLLM SGLang");
  EXPECT_EQ(names(StoredAs{"gguf", "", "", {}, false, true}), "llama.cpp");
}

TEST(Loaders, OfUnknownMethodsAreNone) { EXPECT_EQ(names("hqq", "", "W4A16"), ""); }

TEST(Loaders, OfAutoRoundIntegers) {
  const std::string gptq = "auto_round:auto_gptq";
  EXPECT_EQ(names("auto-round", gptq, "W4A16"), kServers);
  EXPECT_EQ(names("auto-round", "", "W4A16"), kServers);
  EXPECT_EQ(names("intel/auto-round", gptq, "W4A16"), "Transformers");
  EXPECT_EQ(needs("vLLM", "auto-round", gptq, {quant::preset("W2A16")}), "a GPU of compute capability 7.5");
  EXPECT_EQ(needs("SGLang", "auto-round", gptq, {quant::preset("W8A16")}), "a GPU of compute capability 8.0");
  EXPECT_EQ(needs("SGLang", "auto-round", gptq, {quant::preset("W3A16")}).find("--quantization humming"), 0U);
  EXPECT_EQ(needs("vLLM", "auto-round", gptq, {scheme("W4A16", 256)}).find("--quantization humming"), 0U);
  EXPECT_EQ(names("auto-round", gptq, {scheme("W4A16", 128, false)}), "Transformers");
  EXPECT_EQ(names("auto-round", gptq, {scheme("W4A16", 256)}), kServers);
  EXPECT_EQ(names("auto-round", gptq, {scheme("W2A16", -1)}), "Transformers");
}

TEST(Loaders, OfZeroPointsAsTheyAre) {
  for (const char* packing : {"auto_round", "auto_round:gptqmodel"}) {
    EXPECT_EQ(names("auto-round", packing, {scheme("W2A16", 64, false)}), kServers);
    EXPECT_EQ(needs("vLLM", "auto-round", packing, {scheme("W2A16", 64, false)}).find("--quantization humming"), 0U);
    EXPECT_EQ(names("auto-round", packing, {quant::preset("W2A16"), quant::preset("W4A16")}), "Transformers");
  }
}

TEST(Loaders, OfAwq) {
  EXPECT_EQ(names("auto-round", "auto_round:auto_awq", {scheme("W4A16", 128, false)}), kServers);
  EXPECT_EQ(names("auto-round", "auto_round:auto_awq", {scheme("W4A16", -1)}), "Transformers vLLM");
  EXPECT_EQ(needs("SGLang", "awq", "", {scheme("W4A16", -1, false)}), "a GPU of compute capability 8.0");
  EXPECT_EQ(names("awq", "", "W4A16"), "Transformers vLLM SGLang mlx-lm");
  EXPECT_EQ(names("awq", "", {scheme("W4A16", 256)}), "Transformers");
}

TEST(Loaders, OfGptq) {
  EXPECT_EQ(names("gptq", "", "W8A16"), kServers);
  EXPECT_EQ(needs("vLLM", "gptq", "", {quant::preset("W3A16")}).find("--quantization humming"), 0U);
  EXPECT_EQ(names("gptq", "", {scheme("W4A16", 128, false)}), "Transformers");
  const std::vector<quant::Scheme> mixed = {quant::preset("W4A16"), quant::preset("W8A16")};
  EXPECT_NE(needs("SGLang", "gptq", "", mixed).find("no rule of dynamic"), std::string::npos);
  EXPECT_EQ(names("gptq", "", {quant::preset("W4A16"), quant::preset("W2A16")}), "Transformers");
}

TEST(Loaders, OfAutoRoundFloats) {
  const std::string packed = "auto_round:llm_compressor";
  EXPECT_EQ(names("auto-round", packed, "MXFP4"), "Transformers vLLM");
  EXPECT_EQ(names("auto-round", packed, "NVFP4"), "Transformers");
  EXPECT_EQ(names("auto-round", "auto_round:llm_compressor_nvfp4_e5m3", "NVFP4_E5M3"), "Transformers");
  EXPECT_EQ(names("auto-round", "auto_round", "MXINT4"), "Transformers");
  EXPECT_EQ(names("auto-round", "auto_round:fp8", "FP8_BLOCK"), "vLLM");
  EXPECT_EQ(names("auto-round", "auto_round:fp8_static", "FP8_STATIC"), "Transformers");
  EXPECT_EQ(names("auto-round", "", "FPW8A16"), "");
  EXPECT_EQ(names("auto-round", "auto_round:fake", "INT8"), "Transformers");
}

TEST(Loaders, OfMxfp8DependOnActivations) {
  quant::Scheme mxfp8 = quant::preset("MXFP8");
  mxfp8.act_data_type = "mx_fp";
  EXPECT_EQ(names("auto-round", "auto_round:llm_compressor", {mxfp8}), "Transformers vLLM");
  mxfp8.act_data_type = "mx_fp_rceil";
  EXPECT_EQ(names("auto-round", "auto_round:llm_compressor", {mxfp8}), "Transformers");
}

TEST(Loaders, OfCompressedTensors) {
  const std::string method = "compressed-tensors";
  EXPECT_EQ(names(method, "pack-quantized", "W4A16"), kServers);
  EXPECT_EQ(names(method, "pack-quantized", "W2A16"), "Transformers vLLM");
  EXPECT_EQ(names(method, "int-quantized", "INT8"), kServers);
  EXPECT_EQ(names(method, "naive-quantized", "FPW8A16"), kServers);
  EXPECT_EQ(names(method, "nvfp4-pack-quantized", "NVFP4"), kServers);
  EXPECT_EQ(names(method, "mxfp4-pack-quantized", "MXFP4"), "Transformers vLLM");
  EXPECT_EQ(names(method, "mxfp8-quantized", "MXFP8"), "Transformers vLLM");
  EXPECT_EQ(names(method, "nvfp4-e5m3-pack-quantized", "NVFP4_E5M3"), "Transformers");
  EXPECT_EQ(needs("SGLang", method, "float-quantized", {quant::preset("FP8_STATIC")}),
            "a GPU of compute capability 8.0");
  EXPECT_EQ(needs("SGLang", method, "float-quantized", {quant::preset("FP8_BLOCK")}),
            "a GPU of compute capability 8.9");
}

TEST(Loaders, OfOtherFormats) {
  EXPECT_EQ(names("fp8", "", "FP8_BLOCK"), kServers);
  EXPECT_EQ(names("mlx", "", "W4A16"), "mlx-lm");
  EXPECT_EQ(names("auto-round", "mlx", "W4A16"), "mlx-lm");
}

TEST(Loaders, ThatFuseLayersNeedSiblingsAlike) {
  StoredAs stored{
      "safetensors", "auto-round", "auto_round:auto_gptq", {quant::preset("W4A16"), quant::preset("W8A16")}};
  EXPECT_EQ(names(stored), kServers);
  stored.siblings_differ = true;
  EXPECT_EQ(names(stored), "Transformers");
}

}  // namespace
}  // namespace ar::engine
