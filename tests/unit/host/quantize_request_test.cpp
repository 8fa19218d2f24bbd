#include "host/quantize_request.hpp"

#include <gtest/gtest.h>

#include "host/option_table.hpp"

namespace ar::host {
namespace {

QuantizeRequest request(std::vector<std::string> tokens, Recipe recipe = Recipe::kDefault) {
  tokens.insert(tokens.begin(), "model");
  return read_quantize(Arguments::parse(specs_of(quantize_options()), tokens, 1), recipe);
}
engine::RunOptions run(std::vector<std::string> tokens, Recipe recipe = Recipe::kDefault) {
  return request(std::move(tokens), recipe).run;
}
std::string refusal(std::vector<std::string> tokens) {
  try {
    request(std::move(tokens));
  } catch (const base::Error& e) {
    EXPECT_EQ(e.exit(), base::Exit::kUsage);
    return e.what();
  }
  return "";
}

TEST(QuantizeRequest, DefaultsAreUpstreams) {
  const auto options = run({});
  EXPECT_EQ(options.scheme, "W4A16");
  EXPECT_EQ(options.formats, std::vector<std::string>({"auto_round"}));
  EXPECT_EQ(options.iters, 200);
  EXPECT_EQ(options.seqlen, 2048);
  EXPECT_EQ(options.batch_size, 8);
  EXPECT_EQ(options.seed, 42U);
  EXPECT_EQ(options.device_map, "0");
  EXPECT_EQ(options.lr, std::nullopt);
  EXPECT_EQ(options.disable_opt_rtn, std::nullopt);
  EXPECT_TRUE(options.amp && options.enable_minmax_tuning && options.enable_quanted_input);
  EXPECT_FALSE(options.scheme_override.any() || options.deterministic);
}

TEST(QuantizeRequest, RecipeFillsWhatIsUnset) {
  const auto options = run({"--iters", "200"}, Recipe::kLight);
  EXPECT_EQ(options.iters, 200);
  EXPECT_EQ(options.lr, 5e-3);
  EXPECT_EQ(run({}, Recipe::kRtn).disable_opt_rtn, true);
  EXPECT_EQ(run({"--disable_opt_rtn"}, Recipe::kOptRtn).disable_opt_rtn, true);
}

TEST(QuantizeRequest, PositionalModelWins) {
  EXPECT_EQ(run({"--model", "other"}).model, "model");
  EXPECT_EQ(run({"--format", "fake"}).model, "model");
}

TEST(QuantizeRequest, CleansListsAndNames) {
  const auto options =
      run({"--format", "Auto_Round, fake,auto_round", "--scheme", " w2a16g64 ", "--device_map", "0, 1"});
  EXPECT_EQ(options.formats, std::vector<std::string>({"auto_round", "fake"}));
  EXPECT_EQ(options.scheme, "W2A16G64");
  EXPECT_EQ(options.device_map, "0,1");
  EXPECT_EQ(run({"--to_quant_block_names", "layers.0, layers.1"}).to_quant_block_names,
            std::vector<std::string>({"layers.0", "layers.1"}));
}

TEST(QuantizeRequest, OverridesTheScheme) {
  const auto over = run({"--bits", "2", "--group_size", "-1", "--asym", "--scale_dtype", "bf16"}).scheme_override;
  EXPECT_EQ(over.bits, 2);
  EXPECT_EQ(over.group_size, -1);
  EXPECT_EQ(over.group_size_rows, std::nullopt);
  EXPECT_EQ(over.sym, false);
  EXPECT_EQ(over.scale_dtype, "bfloat16");
}

TEST(QuantizeRequest, TakesTwinsOfFlags) {
  EXPECT_FALSE(run({"--disable_minmax_tuning"}).enable_minmax_tuning);
  EXPECT_FALSE(run({"--no-enable_minmax_tuning"}).enable_minmax_tuning);
  EXPECT_FALSE(run({"--no-enable_quanted_input"}).enable_quanted_input);
  EXPECT_TRUE(run({"--enable_adam"}).enable_adam);
  EXPECT_FALSE(run({"--quant_lm_head", "--no-quant_lm_head"}).quant_lm_head);
}

TEST(QuantizeRequest, AlgorithmRtnDoesNotTune) {
  EXPECT_EQ(run({"--algorithm", "rtn"}).iters, 0);
  EXPECT_EQ(run({"--alg", "SignRound"}).iters, 200);
  EXPECT_NE(refusal({"--alg", "rtn,auto_round"}), "");
}

TEST(QuantizeRequest, NegativeItersBecomeTheDefaultWithAWarning) {
  const auto asked = request({"--iters", "-1"});
  EXPECT_EQ(asked.run.iters, 200);
  ASSERT_EQ(asked.notes.size(), 1U);
  EXPECT_EQ(asked.notes.front().level, base::Level::kWarning);
}

TEST(QuantizeRequest, OptRtnIsPointlessWhenTuning) {
  EXPECT_EQ(request({"--disable_opt_rtn"}).notes.size(), 1U);
  EXPECT_EQ(request({"--disable_opt_rtn", "--iters", "0"}).notes.size(), 0U);
}

TEST(QuantizeRequest, RefusesNumbersOutOfRange) {
  EXPECT_EQ(refusal({"--batch_size", "0"}), "--batch_size 0: must be greater than 0");
  EXPECT_EQ(refusal({"--nblocks", "-2"}), "--nblocks -2: must be greater than 0");
  EXPECT_EQ(refusal({"--lr", "-1"}), "--lr -1: must not be negative");
  EXPECT_EQ(refusal({"--seqlen", "9000000000"}), "--seqlen 9000000000: must be 1000000000 at most");
  EXPECT_EQ(refusal({"--bits", "4294967300"}), "--bits 4294967300: out of range");
  EXPECT_NE(refusal({"--bits", "0"}), "");
  EXPECT_NE(refusal({"--group_size", "1,2,3"}), "");
  EXPECT_NE(refusal({"--group_size", "48x"}), "");
}

TEST(QuantizeRequest, RefusesBadTextOfALayerConfig) {
  EXPECT_NE(refusal({"--layer_config", "{k_proj:{bits:8}"}), "");
  EXPECT_EQ(refusal({"--layer_config", "{k_proj:{bits:8}}"}), "");
}

TEST(QuantizeRequest, StatesOfAttentionAreLeftAloneUnlessAskedFor) {
  EXPECT_FALSE(run({}).static_states.any());
  const auto kv = run({"--static_kv_dtype", "float8_e4m3fn", "--static_kv_granularity", "head"}).static_states;
  EXPECT_EQ(kv.kv_dtype, "float8_e4m3fn");
  EXPECT_FALSE(kv.queries());
  EXPECT_EQ(kv.granularity, quant::Granularity::kHead);
  const auto attention = run({"--static_attention_dtype", "fp8"}).static_states;
  EXPECT_TRUE(attention.any() && attention.queries() && attention.kv_dtype.empty());
  EXPECT_EQ(attention.granularity, quant::Granularity::kTensor);
}

TEST(QuantizeRequest, RefusesStatesThatDoNotFitTogether) {
  EXPECT_EQ(refusal({"--static_kv_dtype", "nvfp4"}),
            "argument --static_kv_dtype: invalid choice: 'nvfp4' (choose from 'fp8', 'float8_e4m3fn')");
  EXPECT_EQ(refusal({"--static_attention_dtype", "fp8", "--static_attention_granularity", "token"}),
            "argument --static_attention_granularity: invalid choice: 'token' (choose from 'tensor', 'head')");
  EXPECT_EQ(refusal({"--static_kv_granularity", "head"}),
            "--static_kv_granularity head: says nothing without --static_kv_dtype");
  EXPECT_EQ(refusal({"--static_kv_dtype", "fp8", "--static_attention_granularity", "head"}),
            "--static_attention_granularity head: says nothing without --static_attention_dtype");
  EXPECT_EQ(refusal({"--static_kv_dtype", "fp8", "--static_kv_granularity", "head", "--static_attention_dtype", "fp8",
                     "--static_attention_granularity", "tensor"}),
            "--static_kv_granularity head: --static_attention_granularity tensor is for keys and values too; give both "
            "the same");
}

TEST(QuantizeRequest, RefusesBitsBesideASchemeThatMixesThem) {
  EXPECT_EQ(refusal({"--scheme", "w4a16_mixed", "--group_size", "32"}), "");
  EXPECT_EQ(refusal({"--scheme", "w4a16_mixed", "--bits", "2"}),
            "--bits 2: scheme W4A16_MIXED sets it for every layer; leave it out, or change single layers with "
            "--layer_config");
  EXPECT_NE(refusal({"--scheme", "W4A16_MIXED", "--data_type", "fp8"}).find("--data_type fp8: scheme W4A16_MIXED"),
            std::string::npos);
}

TEST(QuantizeRequest, PluginFoldersAddUp) {
  plugin::SearchOptions search;
  apply_plugin_options(Arguments::parse(specs_of(quantize_options()),
                                        {"--plugin-dir", "a", "--plugin_dir=b", "--no-default-plugins"}, 1),
                       search);
  EXPECT_EQ(search.dirs, std::vector<std::string>({"a", "b"}));
  EXPECT_FALSE(search.defaults);
}

}  // namespace
}  // namespace ar::host
