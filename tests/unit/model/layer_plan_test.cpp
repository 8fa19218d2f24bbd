#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "core/model/layer_config.hpp"
#include "tests/unit/expect_error.hpp"

// Expected extra_config objects were written by auto-round 0.16.1 for the model tiny-qwen3, unless a comment says so.
namespace ar::model {
namespace {

using base::Exit;
using test::expect_error;

/// The linear layers of tiny-qwen3 in registration order.
std::vector<LinearInfo> candidates(int64_t intermediate = 512, int64_t vocabulary = 512) {
  std::vector<LinearInfo> out;
  for (const char* layer : {"model.layers.0.", "model.layers.1."}) {
    const auto add = [&](const char* name, int64_t n_out, int64_t n_in) {
      out.push_back({std::string(layer) + name, n_out, n_in, true, false});
    };
    add("self_attn.q_proj", 256, 256);
    add("self_attn.k_proj", 128, 256);
    add("self_attn.v_proj", 128, 256);
    add("self_attn.o_proj", 256, 256);
    add("mlp.gate_proj", intermediate, 256);
    add("mlp.up_proj", intermediate, 256);
    add("mlp.down_proj", 256, intermediate);
  }
  out.push_back({"lm_head", vocabulary, 256, false, true});
  return out;
}

LayerPlan plan(const char* layer_config, const char* ignore = "", bool quant_lm_head = false, bool tied = false) {
  LayerRequest request;
  request.layer_config = layer_config;
  request.ignore_layers = ignore;
  request.quant_lm_head = quant_lm_head;
  request.tied = tied;
  request.other_modules = {"model.embed_tokens", "model.norm"};
  return resolve_layers(candidates(), quant::preset("W4A16"), request);
}

const LayerChoice& choice(const LayerPlan& plan, const std::string& name) {
  for (const LayerChoice& c : plan.layers) {
    if (c.name == name) return c;
  }
  throw std::out_of_range(name);
}

std::string extra(const LayerPlan& plan) { return boost::json::serialize(plan.extra_config); }
std::string compact(const char* text) { return boost::json::serialize(boost::json::parse(text)); }

int64_t n_quantized(const LayerPlan& plan) {
  return std::count_if(plan.layers.begin(), plan.layers.end(), [](const LayerChoice& c) { return c.quantized; });
}

TEST(LayerPlan, QuantizesTheBlocksByDefault) {
  const LayerPlan p = plan("");
  EXPECT_EQ(n_quantized(p), 14);
  EXPECT_EQ(choice(p, "lm_head").reason, "output head, not asked for");
  EXPECT_TRUE(p.extra_config.empty());
  EXPECT_TRUE(p.warnings.empty());
}

TEST(LayerPlan, WritesIgnoredLayersAsUpstream) {
  const LayerPlan p = plan("", "k_proj,layers.1.mlp");
  EXPECT_EQ(n_quantized(p), 9);
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.k_proj").reason, "ignored");
  EXPECT_EQ(extra(p), compact(R"({
    "model.layers.0.self_attn.k_proj": {"bits": 16, "data_type": "float"},
    "model.layers.1.self_attn.k_proj": {"bits": 16, "data_type": "float"},
    "model.layers.1.mlp.gate_proj": {"bits": 16, "data_type": "float"},
    "model.layers.1.mlp.up_proj": {"bits": 16, "data_type": "float"},
    "model.layers.1.mlp.down_proj": {"bits": 16, "data_type": "float"},
    ".*k_proj.*": {"bits": 16, "data_type": "float"},
    ".*layers\\.1\\.mlp.*": {"bits": 16, "data_type": "float"}})"));
}

TEST(LayerPlan, WritesMixedSchemesAsUpstream) {
  const LayerPlan p = plan(R"({"model.layers.0.self_attn.q_proj": {"bits": 8},
    "model.layers.1.mlp.down_proj": {"bits": 2, "group_size": 32}, "up_proj": {"bits": 8, "group_size": 32},
    "model.layers.1.mlp.gate_proj": {"bits": 16}})");
  EXPECT_EQ(extra(p), compact(R"({
    "model.layers.0.self_attn.q_proj": {"bits": 8},
    "model.layers.1.mlp.down_proj": {"bits": 2, "group_size": 32},
    "model.layers.1.mlp.gate_proj": {"bits": 16},
    "model.layers.0.mlp.up_proj": {"bits": 8, "group_size": 32},
    "model.layers.1.mlp.up_proj": {"bits": 8, "group_size": 32},
    ".*up_proj.*": {"bits": 8, "group_size": 32}})"));
  EXPECT_EQ(choice(p, "model.layers.1.mlp.up_proj").scheme.group_size, 32);
  EXPECT_FALSE(choice(p, "model.layers.1.mlp.gate_proj").quantized);
  EXPECT_EQ(choice(p, "model.layers.1.mlp.gate_proj").reason, "16 bits in --layer_config");
}

TEST(LayerPlan, TakesPresetNames) {
  const LayerPlan p = plan(R"({"k_proj":"W8A16","model.layers.0.mlp.up_proj":"bf16",
    "model.layers.1.mlp.up_proj":{"bits":8,"data_type":"int","group_size":-1}})");
  EXPECT_EQ(extra(p), compact(R"({
    "model.layers.0.mlp.up_proj": {"bits": 16, "data_type": "fp", "act_data_type": "fp"},
    "model.layers.1.mlp.up_proj": {"bits": 8, "group_size": -1},
    "model.layers.0.self_attn.k_proj": {"bits": 8},
    "model.layers.1.self_attn.k_proj": {"bits": 8},
    ".*k_proj.*": {"bits": 8}})"));
}

TEST(LayerPlan, LeavesOutEntriesThatChangeNothing) {
  const LayerPlan p = plan(R"({"k_proj":{"bits":4},"model.layers.0.mlp.up_proj":{"bits":4,"group_size":128},
    "down_proj":{"bits":4,"sym":false}})");
  EXPECT_EQ(extra(p), compact(R"({"model.layers.0.mlp.down_proj": {"sym": false},
    "model.layers.1.mlp.down_proj": {"sym": false}, ".*down_proj.*": {"sym": false}})"));
}

TEST(LayerPlan, LetsAPatternOverrideAFullName) {
  const LayerPlan p = plan("{k_proj:{bits:8},model.layers.0.self_attn.k_proj:{bits:2}}");
  EXPECT_EQ(extra(p), compact(R"({"model.layers.0.self_attn.k_proj": {"bits": 8},
    "model.layers.1.self_attn.k_proj": {"bits": 8}, ".*k_proj.*": {"bits": 8}})"));
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.k_proj").scheme.bits, 8);
  EXPECT_EQ(extra(plan("{k_proj:{bits:8}}", "model.layers.0.self_attn.k_proj")), extra(p))
      << "an ignored full name loses to a pattern";
}

TEST(LayerPlan, LetsAnIgnoredPatternWin) {
  const LayerPlan p = plan("{model.layers.0.self_attn.k_proj:{bits:8},q_proj:{bits:8}}", "layers.1, self_attn");
  const std::string text = extra(p);
  std::vector<std::string> keys;
  for (const auto& member : p.extra_config) keys.emplace_back(member.key());
  EXPECT_EQ(keys,
            (std::vector<std::string>{
                "model.layers.0.self_attn.k_proj", "model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.k_proj",
                "model.layers.1.self_attn.v_proj", "model.layers.1.self_attn.o_proj", "model.layers.1.mlp.gate_proj",
                "model.layers.1.mlp.up_proj", "model.layers.1.mlp.down_proj", "model.layers.0.self_attn.q_proj",
                "model.layers.0.self_attn.v_proj", "model.layers.0.self_attn.o_proj", ".*q_proj.*",
                R"(.*layers\.1\..*)", ".*self_attn.*"}));
  EXPECT_NE(text.find(R"(".*q_proj.*":{"bits":8})"), std::string::npos);
  EXPECT_EQ(n_quantized(p), 3);
  ASSERT_EQ(p.infos.size(), 1U);
  EXPECT_EQ(p.infos[0],
            "Ignored layers: layers.1., model.layers.1.mlp.down_proj, model.layers.1.mlp.gate_proj, "
            "model.layers.1.mlp.up_proj, model.layers.[0-1].self_attn.k_proj, model.layers.[0-1].self_attn.o_proj, "
            "model.layers.[0-1].self_attn.q_proj, model.layers.[0-1].self_attn.v_proj, self_attn");
}

TEST(LayerPlan, KeepsPatternsThatHitNothingAndWarns) {
  const LayerPlan p = plan(R"({"*.q_proj":{"bits":8},"nothing":{"bits":8},"model.embed_tokens":{"bits":8}})");
  EXPECT_EQ(extra(p), compact(R"({".*\\*\\.q_proj.*": {"bits": 8}, ".*nothing.*": {"bits": 8}})"));
  ASSERT_EQ(p.warnings.size(), 3U);
  EXPECT_NE(p.warnings[2].find("'model.embed_tokens' is in the model"), std::string::npos);
  EXPECT_EQ(extra(plan("", "model.embed_tokens,lm")), compact(R"({
    ".*model\\.embed_tokens.*": {"bits": 16, "data_type": "float"}, ".*lm.*": {"bits": 16, "data_type": "float"}})"));
}

TEST(LayerPlan, DoesNotWarnForWeightsOfTheCheckpointAlone) {
  LayerRequest request;
  request.layer_config = "{mtp:{bits:8}}";
  request.checkpoint_layers = {"mtp.layers.0.mlp.up_proj"};
  const LayerPlan p = resolve_layers(candidates(), quant::preset("W4A16"), request);
  EXPECT_TRUE(p.warnings.empty());
  EXPECT_EQ(extra(p), R"({".*mtp.*":{"bits":8}})");
}

constexpr const char* kWideBlocks = R"({
    "model.layers.0.self_attn.q_proj": {"bits": 8}, "model.layers.0.self_attn.k_proj": {"bits": 8},
    "model.layers.0.self_attn.v_proj": {"bits": 8}, "model.layers.0.self_attn.o_proj": {"bits": 8},
    "model.layers.0.mlp.gate_proj": {"bits": 8}, "model.layers.0.mlp.up_proj": {"bits": 8},
    "model.layers.0.mlp.down_proj": {"bits": 8},
    "model.layers.1.self_attn.q_proj": {"bits": 8}, "model.layers.1.self_attn.k_proj": {"bits": 8},
    "model.layers.1.self_attn.v_proj": {"bits": 8}, "model.layers.1.self_attn.o_proj": {"bits": 8},
    "model.layers.1.mlp.gate_proj": {"bits": 8}, "model.layers.1.mlp.up_proj": {"bits": 8},
    "model.layers.1.mlp.down_proj": {"bits": 8})";

LayerPlan mixed_plan(const char* layer_config, const char* ignore = "", bool quant_lm_head = false) {
  LayerRequest request;
  request.recipe = quant::recipe("W4A16_MIXED");
  request.layer_config = layer_config;
  request.ignore_layers = ignore;
  request.quant_lm_head = quant_lm_head;
  return resolve_layers(candidates(), quant::preset("W4A16_MIXED"), request);
}

TEST(LayerPlanRecipe, WritesW4A16MixedAsUpstream) {
  EXPECT_EQ(extra(mixed_plan("")), compact((std::string(kWideBlocks) + "}").c_str()));
  EXPECT_FALSE(choice(mixed_plan(""), "lm_head").quantized);
  EXPECT_FALSE(choice(mixed_plan(""), "model.layers.0.mlp.up_proj").fixed_by_user);
  EXPECT_EQ(extra(mixed_plan("", "", true)), compact((std::string(kWideBlocks) + R"(, "lm_head": {"bits": 8,
    "group_size": 128, "sym": true, "data_type": "int", "act_bits": 16, "act_group_size": 128, "act_sym": true,
    "act_data_type": "float", "act_dynamic": true, "super_bits": null, "super_group_size": null,
    "rotation_config": null}})")
                                                         .c_str()));
}

TEST(LayerPlanRecipe, YieldsToTheUser) {
  const LayerPlan p = mixed_plan("{model.layers.0.self_attn.q_proj:{bits:2},up_proj:{bits:3}}", "k_proj");
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.q_proj").scheme.bits, 2);
  EXPECT_EQ(choice(p, "model.layers.1.self_attn.q_proj").scheme.bits, 8);
  EXPECT_EQ(choice(p, "model.layers.1.mlp.up_proj").scheme.bits, 3);
  EXPECT_FALSE(choice(p, "model.layers.0.self_attn.k_proj").quantized);
}

TEST(LayerPlanRecipe, TellsRoutedExpertsFromSharedOnes) {
  const std::string mlp = "model.layers.0.mlp.";
  const std::vector<std::pair<std::string, int>> expected = {
      {mlp + "experts.3.gate_proj", 4},       {mlp + "experts.3.down_proj", 4},
      {mlp + "shared_expert.up_proj", 8},     {mlp + "shared_experts.up_proj", 8},
      {"model.layers.0.self_attn.q_proj", 8}, {"model.layers.7.self_attn.q_proj", 8}};
  std::vector<LinearInfo> layers;
  for (const auto& [name, bits] : expected)
    layers.push_back({name, 64, 64, name.find(".7.") == std::string::npos, false});
  LayerRequest request;
  request.recipe = quant::recipe("W4A16_MIXED");
  quant::Scheme global = quant::preset("W4A16_MIXED");
  global.group_size = 32;
  const LayerPlan p = resolve_layers(layers, global, request);
  for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
    EXPECT_EQ(p.layers[i].scheme.bits, expected[i].second) << expected[i].first;
    EXPECT_EQ(p.layers[i].scheme.group_size, 32) << expected[i].first;
    EXPECT_TRUE(p.layers[i].quantized) << expected[i].first;
  }
  EXPECT_FALSE(p.layers.back().quantized) << "outside the chosen blocks";
}

constexpr const char* kHead4 = R"({"lm_head": {"bits": 4, "group_size": 128, "sym": true, "data_type": "int",
  "act_bits": 16, "act_group_size": 128, "act_sym": true, "act_data_type": "float", "act_dynamic": true,
  "super_bits": null, "super_group_size": null, "rotation_config": null}})";

TEST(LayerPlanHead, GetsAFullEntry) {
  const LayerPlan p = plan("", "", true);
  EXPECT_EQ(extra(p), compact(kHead4));
  EXPECT_EQ(n_quantized(p), 15);
  EXPECT_TRUE(p.quant_lm_head);
}

TEST(LayerPlanHead, IsQuantizedWhenNamed) {
  const LayerPlan p = plan("{lm_head:{bits:8,group_size:32}}");
  EXPECT_TRUE(p.quant_lm_head);
  EXPECT_EQ(choice(p, "lm_head").scheme.bits, 8);
  EXPECT_EQ(p.extra_config.at("lm_head").at("group_size").as_int64(), 32);
  EXPECT_EQ(plan("{lm:{bits:2}}").extra_config.at("lm_head").as_object().size(), 12U);
}

TEST(LayerPlanHead, StaysWhenIgnored) {
  EXPECT_TRUE(plan("", "lm_head").extra_config.empty());
  EXPECT_TRUE(plan("", "lm_head", true).extra_config.empty());
  EXPECT_FALSE(plan("", "lm_head", true).quant_lm_head);
  EXPECT_EQ(extra(plan("{lm_head:{bits:8}}", "head")), compact(R"({".*head.*": {"bits": 16, "data_type": "float"}})"));
}

TEST(LayerPlanHead, IsResetWhenTied) {
  const LayerPlan p = plan("", "", true, true);
  EXPECT_FALSE(p.quant_lm_head);
  EXPECT_TRUE(p.extra_config.empty());
  ASSERT_EQ(p.warnings.size(), 1U);
  EXPECT_NE(p.warnings[0].find("reset quant_lm_head to false"), std::string::npos);
  EXPECT_FALSE(choice(p, "lm_head").quantized);
}

TEST(LayerPlanShape, LeavesOddSizesAlone) {
  LayerRequest request;
  request.layer_config =
      "{up_proj:{bits:8},model.layers.0.mlp.gate_proj:{bits:8},model.layers.0.self_attn.q_proj:{bits:8}}";
  const LayerPlan p = resolve_layers(candidates(400, 500), quant::preset("W4A16"), request);
  EXPECT_EQ(extra(p), compact(R"({
    "model.layers.0.mlp.gate_proj": {"bits": 16, "data_type": "fp"},
    "model.layers.0.self_attn.q_proj": {"bits": 8},
    "model.layers.0.mlp.up_proj": {"bits": 16, "data_type": "fp"},
    "model.layers.0.mlp.down_proj": {"bits": 16, "data_type": "fp"},
    "model.layers.1.mlp.gate_proj": {"bits": 16, "data_type": "fp"},
    "model.layers.1.mlp.up_proj": {"bits": 16, "data_type": "fp"},
    "model.layers.1.mlp.down_proj": {"bits": 16, "data_type": "fp"},
    ".*up_proj.*": {"bits": 8}})"));
  EXPECT_EQ(choice(p, "model.layers.0.mlp.up_proj").reason, "shape not divisible by 32");
  ASSERT_EQ(p.warnings.size(), 1U);
  EXPECT_NE(p.warnings[0].find("lm_head, model.layers.[0-1].mlp.down_proj"), std::string::npos);
}

TEST(LayerPlanShape, WinsOverIgnoreAndHead) {
  LayerRequest request;
  request.ignore_layers = "k_proj";
  request.quant_lm_head = true;
  const LayerPlan p = resolve_layers(candidates(400, 500), quant::preset("W4A16"), request);
  EXPECT_EQ(p.extra_config.begin()->key(), "model.layers.0.mlp.gate_proj");
  EXPECT_EQ(p.extra_config.contains("lm_head"), false);
  EXPECT_FALSE(p.quant_lm_head);
}

TEST(LayerEntry, NamesLayerAndKeyOfAMistake) {
  expect_error(Exit::kUsage, {"k_proj", "bitz", "group_size"}, [] { plan("{k_proj:{bitz:8}}"); });
  expect_error(Exit::kUsage, {"k_proj", "bits", "\"x\""}, [] { plan("{k_proj:{bits:x}}"); });
  expect_error(Exit::kUsage, {"k_proj", "-1"}, [] { plan("{k_proj:{bits:-1}}"); });
  expect_error(Exit::kUsage, {"W9A16", "W4A16"}, [] { plan("{k_proj:W9A16}"); });
  expect_error(Exit::kUsage, {"k_proj", "8", "scheme name"}, [] { plan("{k_proj:8}"); });
  expect_error(Exit::kUsage, {"k_proj", "scale_dtype", "fp64"}, [] { plan("{k_proj:{scale_dtype:fp64}}"); });
  expect_error(Exit::kUsage, {"not a regular expression"}, [] { plan(R"({"k_proj(":{"bits":8}})"); });
}

TEST(LayerEntry, CombinesSchemeAndKeys) {
  const LayerPlan p = plan("{k_proj:{bits:2,scheme:w8a16,scale_dtype:fp32},q_proj:{data_type:int8}}");
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.k_proj").scheme.bits, 2);
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.k_proj").scale_dtype, "fp32");
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.q_proj").scheme.bits, 8);
  EXPECT_EQ(choice(p, "model.layers.0.self_attn.q_proj").scheme.data_type, "int");
}

}  // namespace
}  // namespace ar::model
