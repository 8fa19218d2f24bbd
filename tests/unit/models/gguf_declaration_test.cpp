#include "plugins/models/common/gguf_declaration.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <boost/json.hpp>

#include "ar/model.h"
#include "ar/torch/model_arch.hpp"
#include "tests/tools/safetensors.hpp"

extern "C" const ar_plugin_desc* ar_plugin_entry_llama(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen2(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen2_5_vl(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen3(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen3_vl(void);

namespace ar::models {
namespace {

namespace json = boost::json;

const std::string kGolden = std::string(AR_SOURCE_DIR) + "/tests/golden/";

json::value declared(const ar_plugin_desc* plugin, const std::string& config, const TensorTable& tensors) {
  auto* arch = static_cast<ModelArch*>(static_cast<const ar_model_api*>(plugin->api)->arch());
  return json::parse(arch->open(config, tensors)->spec().declarations.at("gguf"));
}

TensorTable table_of(const std::string& folder) {
  TensorTable table;
  for (const auto& [name, t] : test::read_checkpoint(folder)) table[name] = {t.dtype, t.shape};
  return table;
}

json::value declared(const ar_plugin_desc* plugin, const std::string& folder) {
  return declared(plugin, test::read_bytes(folder + "/config.json"), table_of(folder));
}

json::value golden(const char* name) { return json::parse(test::read_bytes(kGolden + "gguf/" + name + ".json")); }

const json::array* find_key(const json::value& declaration, const char* list, std::string_view key) {
  for (const json::value& item : declaration.at(list).as_array()) {
    if (item.at(0).as_string() == key) return &item.get_array();
  }
  return nullptr;
}

TEST(GgufDeclaration, IsWhatTheFormatsTestsTakeItFor) {
  EXPECT_EQ(declared(ar_plugin_entry_llama(), kGolden + "upstream/models/tiny-llama"), golden("tiny-llama"));
  const json::value qwen3 = golden("tiny-qwen3");
  TensorTable tensors;
  for (const json::value& t : qwen3.at("tensors").as_array()) {
    auto& shape = tensors[std::string(t.at("source").as_string())].shape;
    for (const json::value& size : t.at("shape").as_array()) shape.push_back(size.as_int64());
  }
  EXPECT_EQ(declared(ar_plugin_entry_qwen3(), test::read_bytes(kGolden + "gguf/tiny-qwen3-config.json"), tensors), qwen3);
}

TEST(GgufDeclaration, OfQwen2LeavesOutTheHeadWidthThatItsConfigDoesNotGive) {
  const json::value d = declared(ar_plugin_entry_qwen2(), kGolden + "models/qwen2");
  const json::value config = json::parse(test::read_bytes(kGolden + "models/qwen2/config.json"));
  EXPECT_EQ(find_key(d, "metadata", "qwen2.attention.key_length") != nullptr, config.as_object().contains("head_dim"));
  EXPECT_EQ(d.at("tensors").at(1).at("name"), "blk.0.attn_q.bias");
  EXPECT_FALSE(d.at("tensors").at(0).as_object().contains("rope_heads"));
}

TEST(GgufDeclaration, OfYarnHasItsScalingKeysInOrder) {
  const json::value d = declared(ar_plugin_entry_qwen2(), kGolden + "models/qwen2-yarn-tied");
  std::vector<std::string> keys;
  for (const json::value& item : d.at("metadata").as_array()) keys.emplace_back(item.at(0).as_string());
  const auto type = std::find(keys.begin(), keys.end(), "qwen2.rope.scaling.type");
  ASSERT_NE(type, keys.end());
  EXPECT_EQ(*(type - 1), "qwen2.attention.head_count_kv");
  EXPECT_EQ(*(type + 1), "qwen2.rope.scaling.factor");
  EXPECT_EQ(*(type + 2), "qwen2.rope.scaling.original_context_length");
  for (const json::value& t : d.at("tensors").as_array()) EXPECT_NE(t.at("name"), "output.weight");  // tied
}

/// Values of transformers' and torch's float32 arithmetic for Llama 3.1 (theta 5e5, heads of 128; factor 8, 1, 4, 8192).
TEST(GgufDeclaration, OfLlama3HasTheFrequencyDivisors) {
  Rope rope;
  rope.type = "llama3";
  rope.theta = 500000.0;
  rope.width = 128;
  rope.original_positions = 8192;
  rope.factor = 8.0;
  rope.low_freq_factor = 1.0;
  rope.high_freq_factor = 4.0;
  const std::vector<float> d = llama3_divisors(rope);
  ASSERT_EQ(d.size(), 64U);
  const std::vector<float> between{1.20748389F, 1.55341458F, 2.02631307F, 2.69453001F, 3.68425322F, 5.25732708F};
  for (size_t i = 0; i < d.size(); ++i) {
    if (i < 29) {
      EXPECT_EQ(d[i], 1.0F) << i;
    } else if (i < 35) {
      EXPECT_EQ(d[i], between[i - 29]) << i;
    } else {
      EXPECT_EQ(d[i], 8.0F) << i;
    }
  }
  const json::value model = declared(ar_plugin_entry_llama(), kGolden + "models/llama-rope-llama3");
  bool found = false;
  for (const json::value& t : model.at("tensors").as_array()) found = found || t.at("name") == "rope_freqs.weight";
  EXPECT_TRUE(found);
}

/// Attention to the whole picture in blocks that are no multiples is nothing GGUF can say; the rest of the model stands.
TEST(GgufDeclaration, SaysWhyATowerHasNoFile) {
  const std::string folder = kGolden + "models/qwen2_5_vl";
  json::value config = json::parse(test::read_bytes(folder + "/config.json"));
  config.at("vision_config").as_object()["fullatt_block_indexes"] = {0, 2};
  const json::value d = declared(ar_plugin_entry_qwen2_5_vl(), json::serialize(config), table_of(folder));
  EXPECT_EQ(d.at("mmproj").at("refused"),
            "config.json: vision_config.fullatt_block_indexes is [0,2]: llama.cpp knows every n-th block");
  EXPECT_TRUE(declared(ar_plugin_entry_qwen2_5_vl(), folder).at("mmproj").as_object().contains("tensors"));
}

TEST(GgufDeclaration, OfAModelWithATowerTakesKeysOfTheTextFirst) {
  const json::value d = declared(ar_plugin_entry_qwen3_vl(), kGolden + "models/qwen3_vl");
  const json::array* width = find_key(d, "metadata", "qwen3vl.embedding_length");
  const json::array* deepstack = find_key(d, "metadata", "qwen3vl.n_deepstack_layers");
  ASSERT_NE(width, nullptr);
  ASSERT_NE(deepstack, nullptr);
  EXPECT_EQ(width->at(2), 32);
  EXPECT_EQ(deepstack->at(2), 2);
}

TEST(GgufDeclaration, KnowsVocabulariesByTheirSize) {
  const std::string folder = kGolden + "upstream/models/tiny-llama";
  json::value config = json::parse(test::read_bytes(folder + "/config.json"));
  TensorTable tensors = table_of(folder);
  config.as_object()["vocab_size"] = 49152;
  tensors["model.embed_tokens.weight"].shape[0] = 49152;
  const json::value d = declared(ar_plugin_entry_llama(), json::serialize(config), tensors);
  const json::array* key = find_key(d, "last", "tokenizer.ggml.add_bos_token");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->at(2), false);
}

}  // namespace
}  // namespace ar::models
