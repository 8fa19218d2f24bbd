#include "core/model/config.hpp"

#include <gtest/gtest.h>

#include "tests/unit/expect_error.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::model {
namespace {

using base::Exit;
using test::expect_error;

Config parse(const char* text) { return parse_config(text, "m/config.json"); }

TEST(Config, ReadsTheEnginesFields) {
  const Config c = parse(R"({"z": 1, "model_type": "llama", "architectures": ["LlamaForCausalLM"],
    "torch_dtype": "bfloat16", "max_position_embeddings": 2048, "num_hidden_layers": 2, "tie_word_embeddings": true,
    "a": 2, "quantization_config": {"bits": 4}})");
  EXPECT_EQ(c.json.begin()->key(), "z") << "keys stay in file order";
  EXPECT_EQ(c.model_type, "llama");
  EXPECT_EQ(c.architectures, std::vector<std::string>{"LlamaForCausalLM"});
  EXPECT_EQ(c.dtype, "bfloat16");
  EXPECT_EQ(c.max_position_embeddings, 2048);
  EXPECT_EQ(c.num_hidden_layers, 2);
  EXPECT_TRUE(c.tie_word_embeddings);
  EXPECT_TRUE(c.quantization_config.has_value());
  EXPECT_FALSE(c.multimodal);
  EXPECT_FALSE(c.moe);
}

TEST(Config, AcceptsOtherSpellings) {
  const Config gpt2 = parse(R"({"model_type": "gpt2", "n_positions": 1024, "n_layer": 12, "dtype": "torch.float32"})");
  EXPECT_EQ(gpt2.max_position_embeddings, 1024);
  EXPECT_EQ(gpt2.num_hidden_layers, 12);
  EXPECT_EQ(gpt2.dtype, "float32");
  EXPECT_TRUE(gpt2.tie_word_embeddings) << "absent: by family";
  EXPECT_FALSE(parse(R"({"model_type": "llama"})").tie_word_embeddings);
  EXPECT_FALSE(parse(R"({"model_type": "opt", "tie_word_embeddings": false})").tie_word_embeddings);
}

TEST(Config, TakesACompositeModelsFieldsFromItsTextPart) {
  const Config c = parse(R"({"model_type": "llava", "tie_word_embeddings": true, "image_token_index": 3,
    "text_config": {"tie_word_embeddings": false, "num_hidden_layers": 4, "dtype": "float16"}})");
  EXPECT_FALSE(c.tie_word_embeddings);
  EXPECT_EQ(c.num_hidden_layers, 4);
  EXPECT_EQ(c.dtype, "float16");
  EXPECT_TRUE(c.multimodal);
}

TEST(Config, TellsExpertsFromDense) {
  EXPECT_TRUE(parse(R"({"model_type": "qwen3_moe"})").moe);
  EXPECT_TRUE(parse(R"({"model_type": "x", "num_experts": 8})").moe);
}

TEST(Config, NamesFieldAndTypeOfAMistake) {
  expect_error(Exit::kFailed, {"m/config.json", "model_type"}, [] { parse("{}"); });
  expect_error(Exit::kFailed, {"m/config.json"}, [] { parse("[1]"); });
  expect_error(Exit::kFailed, {"m/config.json", "line 1"}, [] { parse("{\"model_type\": \"llama\""); });
  expect_error(Exit::kFailed, {"tie_word_embeddings"},
               [] { parse(R"({"model_type":"x","tie_word_embeddings":"no"})"); });
  expect_error(Exit::kFailed, {"num_hidden_layers", "-1"},
               [] { parse(R"({"model_type":"x","num_hidden_layers":-1})"); });
  expect_error(Exit::kFailed, {"architectures"}, [] { parse(R"({"model_type":"x","architectures":"X"})"); });
}

TEST(Config, NamesWhatTheFolderLacks) {
  const test::TempFolder folder;
  expect_error(Exit::kUsage, {"no such model folder"}, [&] { read_config(folder / "absent"); });
  expect_error(Exit::kUsage, {"config.json"}, [&] { read_config(folder.path()); });
  folder.write("config.json", R"({"model_type": "llama"})");
  EXPECT_FALSE(read_config(folder.path()).multimodal);
  folder.write("preprocessor_config.json", "{}");
  EXPECT_TRUE(read_config(folder.path()).multimodal);
  folder.write("model_index.json", "{}");
  expect_error(Exit::kUsage, {"diffusion"}, [&] { read_config(folder.path()); });
}

TEST(IgnoreRules, FollowTheModel) {
  const auto ignored = [](const char* text, const std::vector<std::string>& modules = {}) {
    return predefined_ignore_layers(parse(text), modules);
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(ignored(R"({"model_type": "llama"})", {"a.gate"}), Names{});
  EXPECT_EQ(ignored(R"({"model_type": "qwen3_moe"})", {"a.gate", "a.gate_proj"}), Names{"a.gate"});
  EXPECT_EQ(ignored(R"({"model_type": "x", "architectures": ["LongcatFlash"]})"), Names{"classifier"});
  EXPECT_EQ(ignored(R"({"model_type":"g","architectures":["Glm4MoeLiteForCausalLM"],"first_k_dense_replace":2,
    "num_hidden_layers":5})"),
            (Names{"layers.0.mlp", "layers.1.mlp"}));
  EXPECT_EQ(ignored(R"({"model_type": "glm_moe_dsa"})"), (Names{"layers.0.mlp", "weights_proj"}));
}

}  // namespace
}  // namespace ar::model
