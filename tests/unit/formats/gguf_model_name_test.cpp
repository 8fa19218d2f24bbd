#include "gguf/model_name.hpp"

#include <gtest/gtest.h>

namespace ar::gguf {
namespace {

std::string stem(const char* name, int64_t n = 0) { return file_stem(name, parse_model_name(name, n), "Q4_K_M"); }

TEST(GgufModelName, SplitsNamesIntoTheirParts) {
  const NameParts qwen = parse_model_name("Qwen/Qwen3-0.6B", 600'000'000);
  EXPECT_EQ(qwen.organization, "Qwen");
  EXPECT_EQ(qwen.basename, "Qwen3");
  EXPECT_EQ(qwen.size_label, "0.6B");
  const NameParts llama = parse_model_name("Llama-3.1-8B-Instruct", 8'000'000'000);
  EXPECT_EQ(llama.basename, "Llama-3.1");
  EXPECT_EQ(llama.size_label, "8B");
  EXPECT_EQ(llama.finetune, "Instruct");
  const NameParts mixtral = parse_model_name("Mixtral-8x7B-v0.1", 46'000'000'000);
  EXPECT_EQ(mixtral.size_label, "8x7B");
  EXPECT_EQ(mixtral.version, "v0.1");
  EXPECT_EQ(mixtral.basename, "Mixtral");
}

TEST(GgufModelName, TakesASizeThatDoesNotFitForAContextLength) {
  const NameParts parts = parse_model_name("Phi-3-mini-128K-instruct", 3'800'000'000);
  EXPECT_EQ(parts.finetune, "128k-instruct");
  EXPECT_EQ(parts.size_label, "mini");
}

TEST(GgufModelName, NamesFiles) {
  EXPECT_EQ(stem("Qwen3-0.6B"), "Qwen3-0.6B-Q4_K_M");
  EXPECT_EQ(stem("plain"), "plain-Q4_K_M");
  EXPECT_EQ(stem("a name with blanks"), "a-name-with-blanks-Q4_K_M");
  NameParts sized;
  sized.size_label = "1.4M";
  EXPECT_EQ(file_stem("tiny-qwen3", sized, "Q8_0"), "tiny-qwen3-1.4M-Q8_0");
}

TEST(GgufModelName, CountsParameters) {
  const auto label = [](std::vector<int64_t> shape, const char* name = "x.weight") {
    return size_label({{name, Type::kF32, std::move(shape), 0}});
  };
  EXPECT_EQ(label({657}), "0.7K");
  EXPECT_EQ(label({1000, 657}), "657K");
  EXPECT_EQ(label({1000, 1442}), "1.4M");
  EXPECT_EQ(label({100, 1'000'000}), "100M");
  EXPECT_EQ(label({8, 70'000, 100'000}, "blk.0.ffn_up_exps.weight"), "8x7.0B");
}

TEST(GgufModelName, WritesTitles) {
  EXPECT_EQ(title("meta-llama"), "Meta Llama");
  EXPECT_EQ(title("Qwen"), "Qwen");
  EXPECT_EQ(title("model-v1.5-7b"), "Model v1.5 7b");
}

}  // namespace
}  // namespace ar::gguf
