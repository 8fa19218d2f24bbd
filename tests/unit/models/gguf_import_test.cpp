#include "plugins/models/common/gguf_import.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "ar/cpp/error.hpp"
#include "ar/model.h"
#include "plugins/models/common/gguf_declaration.hpp"
#include "tests/tools/safetensors.hpp"

extern "C" const ar_plugin_desc* ar_plugin_entry_llama(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen2(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen3(void);
extern "C" const ar_plugin_desc* ar_plugin_entry_qwen3_vl(void);

namespace ar::models {
namespace {

namespace json = boost::json;

const std::string kGolden = std::string(AR_SOURCE_DIR) + "/tests/golden/gguf/";

/// What open_source of the format says of a file written from this declaration.
json::object description_of(const json::value& declaration) {
  json::object metadata;
  for (const json::value& key : declaration.at("metadata").as_array()) metadata[key.at(0).as_string()] = key.at(2);
  return {{"architecture", declaration.at("architecture")}, {"metadata", metadata}, {"tensors", declaration.at("tensors")}};
}

json::object golden(const char* name) {
  return description_of(json::parse(test::read_bytes(kGolden + name + ".json")));
}

struct Imported {
  ar_status status;
  json::value model;
  std::string error;
};

Imported import(const ar_plugin_desc* plugin, const json::object& description) {
  std::string answer;
  const auto take = [](void* to, const char* text, size_t n) -> ar_status {
    static_cast<std::string*>(to)->assign(text, n);
    return AR_OK;
  };
  ar_error err{};
  const auto* api = static_cast<const ar_model_api*>(plugin->api);
  const ar_status status = api->import_file("gguf", json::serialize(description).c_str(), &answer, take, &err);
  return {status, answer.empty() ? json::value() : json::parse(answer), err.text};
}

/// A file has no tower, but what the language model needs of one comes back, so that it can be written again.
TEST(GgufImport, KeepsWhatPositionsAndTowersNeed) {
  json::object description = golden("tiny-qwen3");
  description["architecture"] = "qwen3vl";
  json::object keys;
  for (const auto& key : description.at("metadata").as_object())
    keys["qwen3vl." + std::string(key.key().substr(key.key().find('.') + 1))] = key.value();
  keys["qwen3vl.rope.dimension_sections"] = {8, 12, 12, 0};
  keys["qwen3vl.n_deepstack_layers"] = 3;
  description["metadata"] = keys;
  const Imported model = import(ar_plugin_entry_qwen3_vl(), description);
  ASSERT_EQ(model.status, AR_OK) << model.error;
  EXPECT_EQ(model.model.at("config").at("n_deepstack_layers"), 3);
  EXPECT_EQ(json::serialize(model.model.at("config").at("rope_scaling").at("mrope_section")), "[8,12,12,0]");
}

TEST(GgufImport, GivesTheConfigurationBack) {
  const Imported llama = import(ar_plugin_entry_llama(), golden("tiny-llama"));
  ASSERT_EQ(llama.status, AR_OK) << llama.error;
  const json::value& c = llama.model.at("config");
  EXPECT_EQ(c.at("model_type"), "llama");
  EXPECT_EQ(c.at("hidden_size"), 128);
  EXPECT_EQ(c.at("num_key_value_heads"), 2);
  EXPECT_EQ(c.at("vocab_size"), 2048);
  EXPECT_EQ(c.at("tie_word_embeddings"), true);
  EXPECT_EQ(c.at("attention_bias"), true);
  EXPECT_EQ(c.at("mlp_bias"), false);
  EXPECT_EQ(llama.model.at("tensors"), golden("tiny-llama").at("tensors"));

  const Imported qwen3 = import(ar_plugin_entry_qwen3(), golden("tiny-qwen3"));
  ASSERT_EQ(qwen3.status, AR_OK) << qwen3.error;
  EXPECT_EQ(qwen3.model.at("config").at("tie_word_embeddings"), false);
  EXPECT_EQ(qwen3.model.at("tensors"), golden("tiny-qwen3").at("tensors"));
}

TEST(GgufImport, TakesOverWhichTokensBeginAndEnd) {
  json::object description = golden("tiny-llama");
  json::object& metadata = description.at("metadata").as_object();
  for (const char* kind : {"bos", "eos", "padding"})
    metadata.erase("tokenizer.ggml." + std::string(kind) + "_token_id");
  EXPECT_FALSE(import(ar_plugin_entry_llama(), description).model.at("config").as_object().contains("eos_token_id"));
  metadata["tokenizer.ggml.bos_token_id"] = 1;
  metadata["tokenizer.ggml.eos_token_id"] = 2;
  metadata["tokenizer.ggml.padding_token_id"] = 3;
  const json::value config = import(ar_plugin_entry_llama(), description).model.at("config");
  EXPECT_EQ(config.at("bos_token_id"), 1);
  EXPECT_EQ(config.at("eos_token_id"), 2);
  EXPECT_EQ(config.at("pad_token_id"), 3);
}

TEST(GgufImport, LeavesOtherArchitecturesToOtherAdapters) {
  EXPECT_EQ(import(ar_plugin_entry_qwen2(), golden("tiny-llama")).status, AR_NOT_FOUND);
  const auto* api = static_cast<const ar_model_api*>(ar_plugin_entry_llama()->api);
  EXPECT_EQ(api->import_file("npz", "{}", nullptr, nullptr, nullptr), AR_NOT_FOUND);
}

TEST(GgufImport, NamesTheKeyThatIsMissing) {
  json::object description = golden("tiny-llama");
  description["metadata"].as_object().erase("llama.embedding_length");
  const Imported failed = import(ar_plugin_entry_llama(), description);
  EXPECT_EQ(failed.status, AR_INVALID_ARGUMENT);
  EXPECT_NE(failed.error.find("llama.embedding_length"), std::string::npos);
}

TEST(GgufImport, ReadsLlama3RopeFromItsDivisors) {
  json::object description = golden("tiny-llama");
  Rope rope;
  rope.theta = 10000.0;
  rope.width = 32;
  rope.original_positions = 8192;
  rope.factor = 32.0;
  rope.low_freq_factor = 1.0;
  rope.high_freq_factor = 4.0;
  const std::vector<float> divisors = llama3_divisors(rope);
  json::object tensor{{"name", "rope_freqs.weight"}, {"values", json::array(divisors.begin(), divisors.end())}};
  description["tensors"].as_array().push_back(tensor);
  const Imported read = import(ar_plugin_entry_llama(), description);
  ASSERT_EQ(read.status, AR_OK) << read.error;
  EXPECT_EQ(read.model.at("config").at("rope_scaling").at("factor"), 32.0);

  description["tensors"].as_array().back().as_object()["values"].as_array()[3] = 3.0;
  EXPECT_NE(import(ar_plugin_entry_llama(), description).error.find("rope_freqs.weight"), std::string::npos);
}

}  // namespace
}  // namespace ar::models
