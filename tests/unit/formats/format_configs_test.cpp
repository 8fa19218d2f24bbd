// quantization_config of the formats whose readers are not auto-round, from plans with exceptions.
#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {
namespace {

namespace json = boost::json;

const ar_scheme kW4 = int_scheme(4, 128, true);

std::string layer(const std::string& name, bool quantized, const ar_scheme& s = kW4, bool in_block = true) {
  return R"({"name":")" + name + R"(","quantized":)" + (quantized ? "true" : "false") + R"(,"in_block":)" +
         (in_block ? "true" : "false") + R"(,"scheme":)" + scheme_text(s) + "}";
}

/// Two blocks of two layers: the second down_proj has 8 bits by name, every up_proj is left alone by pattern.
const std::string kLayers = "[" + layer("model.layers.0.mlp.up_proj", false) + "," +
                            layer("model.layers.0.mlp.down_proj", true) + "," +
                            layer("model.layers.1.mlp.up_proj", false) + "," +
                            layer("model.layers.1.mlp.down_proj", true, int_scheme(8, 32, true)) + "," +
                            layer("lm_head", false, kW4, false) + "]";
const std::string kExtra =
    R"({"model.layers.1.mlp.down_proj":{"bits":8,"group_size":32},".*up_proj.*":{"bits":16,"data_type":"float"}})";

json::object config_of_plan(const std::string& id, const std::string& plan) {
  const ar_format_api& api = format_api(id);
  Writer writer(api, plan);
  ar_error err{};
  EXPECT_EQ(api.finish(writer.raw(), &err), AR_OK) << err.text;
  const auto it = writer.target().files().find("quantization_config.json");
  if (it == writer.target().files().end()) return {};
  return json::parse(it->second).get_object();
}

json::object config_of(const std::string& id, const std::string& format, const ar_scheme& scheme,
                       const std::string& layers = kLayers, const std::string& extra = kExtra) {
  return config_of_plan(id, plan_text(format, scheme, layers, extra));
}

TEST(GptqConfig, SaysExceptionsAsDynamicRules) {
  const json::object config = config_of("auto_gptq", "auto_gptq", kW4);
  EXPECT_EQ(
      json::serialize(config.at("dynamic")),
      R"({"-:.*up_proj.*":{},"+:.*model\\.layers\\.1\\.mlp\\.down_proj.*":{"bits":8,"group_size":32,"sym":true}})");
  EXPECT_EQ(json::serialize(config.at("modules_in_block_to_quantize")), R"([["mlp.down_proj"]])");
  EXPECT_EQ(config.at("lm_head"), false);
}

TEST(GptqConfig, HasNoRulesWithoutExceptions) {
  const json::object config =
      config_of("auto_gptq", "auto_gptq", kW4, "[" + layer("model.layers.0.mlp.up_proj", true) + "]", "{}");
  EXPECT_EQ(json::serialize(config),
            R"({"bits":4,"autoround_version":"0.16.1","lm_head":false,"provider":"auto-round","quant_method":"gptq",)"
            R"("desc_act":false,"true_sequential":false,"damp_percent":1E-2})");
}

TEST(AwqConfig, NamesEveryLayerLeftAloneSorted) {
  const std::string layers = "[" + layer("model.layers.1.mlp.up_proj", false) + "," +
                             layer("model.layers.0.mlp.up_proj", false) + "," + layer("lm_head", false, kW4, false) +
                             "]";
  const json::object config = config_of("auto_awq", "auto_awq", kW4, layers, "{}");
  EXPECT_EQ(json::serialize(config.at("modules_to_not_convert")),
            R"(["lm_head","model.layers.0.mlp.up_proj","model.layers.1.mlp.up_proj"])");
  EXPECT_EQ(config.at("zero_point"), false);
  EXPECT_EQ(config.at("to_quant_block_names"), "model.layers");
}

TEST(CompressedConfig, HasAGroupForEveryScheme) {
  const json::object config = config_of("llm_compressor", "llm_compressor", kW4);
  const auto& groups = config.at("config_groups").as_object();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(json::serialize(groups.at("group_0").at("targets")), R"(["model.layers.0.mlp.down_proj"])");
  EXPECT_EQ(groups.at("group_1").at("weights").at("num_bits"), 8);
  EXPECT_EQ(json::serialize(config.at("ignore")),
            R"(["model.layers.0.mlp.up_proj","model.layers.1.mlp.up_proj","lm_head"])");
}

/// A plan that stores FP8 scales of attention's states.
std::string with_states(std::string plan, const std::string& granularity, bool queries) {
  const std::string states = R"("attention_states":{"queries":)" + std::string(queries ? "true" : "false") +
                             R"(,"granularity":")" + granularity + R"(","types":["LlamaAttention"]},)";
  return plan.insert(1, states);
}

json::object compressed_with_states(const std::string& granularity, bool queries) {
  const ar_format_api& api = format_api("llm_compressor");
  Writer writer(api, with_states(plan_text("llm_compressor", kW4, kLayers, kExtra), granularity, queries));
  ar_error err{};
  EXPECT_EQ(api.finish(writer.raw(), &err), AR_OK) << err.text;
  return json::parse(writer.target().files().at("quantization_config.json")).get_object();
}

TEST(CompressedConfig, AnnouncesTheScalesOfKeysAndValues) {
  const json::object config = compressed_with_states("tensor", false);
  EXPECT_EQ(json::serialize(config.at("kv_cache_scheme")),
            R"({"num_bits":8,"type":"float","symmetric":true,"group_size":null,"strategy":"tensor","dynamic":false})");
  EXPECT_FALSE(config.contains("attention_input_activations"));
}

TEST(CompressedConfig, AnnouncesTheScalesOfQueriesBesideThem) {
  const json::object config = compressed_with_states("head", true);
  const std::string arguments =
      R"({"num_bits":8,"type":"float","symmetric":true,"group_size":null,"strategy":"attn_head","dynamic":false})";
  EXPECT_EQ(json::serialize(config.at("kv_cache_scheme")), arguments);
  EXPECT_EQ(json::serialize(config.at("attention_input_activations")),
            R"({"targets":["LlamaAttention"],"input_activations":)" + arguments + "}");
}

TEST(FolderConfigs, FormatsWhoseReadersKnowNoScalesOfAttentionRefuseThem) {
  for (const char* id : {"auto_gptq", "auto_awq", "mlx", "fake"}) {
    char name[64];
    ar_error err{};
    const std::string plan = with_states(plan_text(id, kW4), "tensor", false);
    EXPECT_EQ(format_api(id).resolve(id, plan.c_str(), name, sizeof name, &err), AR_UNSUPPORTED) << id;
    EXPECT_EQ(std::string(err.text),
              "FP8 scales of keys and values (--static_kv_dtype, --static_attention_dtype): nothing that reads " +
                  std::string(id) + " knows them; use --format llm_compressor or auto_round");
  }
}

/// Upstream lists no lm_head here, and compressed-tensors then wants lm_head.weight_scale.
TEST(CompressedConfig, StaticFp8NamesEveryLayerLeftAlone) {
  ar_scheme s = int_scheme(8, -1, true);
  s.data_type = "fp";
  s.act_bits = 8;
  s.act_data_type = "fp";
  const json::object config =
      config_of("llm_compressor", "llm_compressor", s,
                "[" + layer("a", true, s) + "," + layer("lm_head", false, s, false) + "]", "{}");
  EXPECT_EQ(json::serialize(config.at("ignore")), R"(["lm_head"])");
  EXPECT_EQ(config.at("provider"), "auto-round");
}

TEST(CompressedConfig, MicroscaledKindsNameThePatternsFirst) {
  ar_scheme s = int_scheme(4, 32, true);
  s.data_type = "mx_fp";
  const json::object config =
      config_of("llm_compressor", "llm_compressor", s,
                "[" + layer("model.layers.0.mlp.up_proj", false, s) + "," + layer("lm_head", false, s, false) + "]",
                R"({".*up_proj.*":{"bits":16}})");
  EXPECT_EQ(json::serialize(config.at("ignore")), R"(["re:.*up_proj.*","model.layers.0.mlp.up_proj","lm_head"])");
}

TEST(Fp8Config, IsWhatTransformersReads) {
  ar_scheme s = int_scheme(8, 128, true);
  s.group_size_rows = 128;
  s.data_type = "fp";
  s.act_bits = 8;
  s.act_dynamic = 1;
  s.act_data_type = "fp";
  const json::object config =
      config_of("fp8", "fp8", s, "[" + layer("a", true, s) + "," + layer("b", false, s) + "]", "{}");
  EXPECT_EQ(
      json::serialize(config),
      R"({"bits":8,"autoround_version":"0.16.1","weight_block_size":[128,128],"ignored_layers":["b"],)"
      R"("block_name_to_quantize":"model.layers","quant_method":"fp8","fmt":"e4m3","activation_scheme":"dynamic"})");
}

TEST(FolderConfigs, NameTheLayersOfATowerThatIsCopied) {
  ar_scheme fp8 = int_scheme(8, 128, true);
  fp8.group_size_rows = 128;
  fp8.data_type = fp8.act_data_type = "fp";
  fp8.act_bits = 8;
  fp8.act_dynamic = 1;
  const auto named = [](const char* id, const ar_scheme& s, const char* key) {
    json::object plan =
        json::parse(plan_text(id, s, "[" + layer("a", true, s) + "," + layer("lm_head", false, s, false) + "]", "{}"))
            .as_object();
    plan["copied_linears"] = {"model.visual.blocks.0.attn.qkv"};
    return json::serialize(config_of_plan(id, json::serialize(plan)).at(key));
  };
  EXPECT_EQ(named("auto_awq", kW4, "modules_to_not_convert"), R"(["lm_head","model.visual.blocks.0.attn.qkv"])");
  EXPECT_EQ(named("llm_compressor", kW4, "ignore"), R"(["model.visual.blocks.0.attn.qkv","lm_head"])");
  EXPECT_EQ(named("fp8", fp8, "modules_to_not_convert"), R"(["model.visual.blocks.0.attn.qkv","lm_head"])");
}

TEST(FolderConfigs, ASchemeThatQuantizesNothingLeavesAPlainFolder) {
  ar_scheme bf16 = int_scheme(16, 128, true);
  bf16.data_type = "fp";
  for (const char* id : {"auto_round", "auto_gptq", "auto_awq", "llm_compressor", "fp8"})
    EXPECT_TRUE(config_of(id, id, bf16, "[]", "{}").empty()) << id;
}

json::object mlx_config(const std::string& format, const std::string& model) {
  std::string plan = plan_text(format, int_scheme(4, 64, true), "[" + layer("a", true, int_scheme(3, 32, true)) + "]");
  const std::string config = R"("config":{"dtype":"bfloat16"})";
  plan.replace(plan.find(config), config.size(), R"("config":)" + model);
  Writer writer(format_api("mlx"), plan);
  ar_error err{};
  const OwnedTensor embedding("model.embed.weight", AR_DTYPE_BF16, {64, 64}, std::string(8192, '\0'));
  const OwnedTensor narrow("b.weight", AR_DTYPE_BF16, {64, 48}, std::string(6144, '\0'));
  for (const auto* t : {&embedding, &narrow}) {
    const ar_tensor raw = t->raw();
    EXPECT_EQ(format_api("mlx").add(writer.raw(), &raw, &err), AR_OK) << err.text;
  }
  EXPECT_EQ(format_api("mlx").finish(writer.raw(), &err), AR_OK) << err.text;
  EXPECT_EQ(writer.target().files().count("quantization_config.json"), 0U);
  return json::parse(writer.target().files().at("config.json")).get_object();
}

TEST(MlxConfig, SaysWhatIsQuantizedAndWhatIsNot) {
  const std::string quantization = R"({"a":{"bits":3,"group_size":32},"bits":4,"group_size":64,"model.embed":false})";
  const json::object plain = mlx_config("mlx", R"({"dtype":"bfloat16"})");
  EXPECT_EQ(json::serialize(plain.at("quantization")), quantization);
  EXPECT_EQ(json::serialize(plain.at("quantization_config")), quantization);
  const json::object upstream = mlx_config("auto_round:mlx", R"({"dtype":"bfloat16"})");
  EXPECT_EQ(json::serialize(upstream.at("quantization")), quantization);
  EXPECT_EQ(upstream.at("quantization_config").at("packing_format"), "mlx");
}

TEST(MlxConfig, SpellsRopeParametersAsMlxReadsThem) {
  const json::object flat = mlx_config("mlx", R"({"rope_parameters":{"rope_theta":10000.0,"rope_type":"default"}})");
  EXPECT_EQ(flat.at("rope_theta"), 10000.0);
  EXPECT_FALSE(flat.contains("rope_parameters"));
  EXPECT_FALSE(flat.contains("rope_scaling"));
  const json::object scaled =
      mlx_config("mlx", R"({"rope_parameters":{"rope_theta":10000.0,"rope_type":"llama3","factor":8.0}})");
  EXPECT_EQ(scaled.at("rope_scaling").at("factor"), 8.0);
}

}  // namespace
}  // namespace ar::test
