// Rows 10 to 43, 53 and 54 of the acceptance list, as far as this version goes: runs that succeed.
#include "tests/cli/cli_test.hpp"

#include <boost/json.hpp>

#include "tests/cli/fixtures.hpp"

namespace ar::cli {
namespace {

constexpr const char* kW4 = "tiny-qwen3-w4g128";
constexpr const char* kLoss = " layers in the block, loss iter 0: ";

std::int64_t rows_of(const boost::json::object& headers, const std::string& tensor) {
  return headers.at(tensor).at("shape").as_array().front().to_number<std::int64_t>();
}

TEST_F(CliTest, TunesAndWritesACompleteFolder) {
  const auto result = quantize("--iters 2 --scheme W4A16 --format auto_round");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.err, "start to quantize tiny-qwen3\n"));
  EXPECT_TRUE(contains(result.err, "Summary: quantized 14/15 in the model, unquantized layers: lm_head\n"));
  EXPECT_TRUE(contains(result.err, "quantized 7/7 layers in the block, loss iter 0: 0."));
  EXPECT_EQ(count(result.err, kLoss), 2U);
  for (const char* file :
       {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    EXPECT_TRUE(fs::exists(in("out") / kW4 / file)) << file;
  const auto record = recorded();
  EXPECT_EQ(record.at("bits").as_int64(), 4);
  EXPECT_EQ(record.at("iters").as_int64(), 2);
  EXPECT_EQ(record.at("nsamples").as_int64(), 16);
  EXPECT_EQ(record.at("seqlen").as_int64(), 64);
  EXPECT_EQ(record.at("batch_size").as_int64(), 4);
  EXPECT_EQ(record.if_contains("lr"), nullptr);
}

TEST_F(CliTest, TakesTheModelByPositionAndWithATrailingSlash) {
  const std::string rest = "--seqlen 64 --nsamples 16 --bs 4 --dataset calib.jsonl --device_map cpu --iters 2";
  ASSERT_EQ(quantize("--iters 2").status, 0);
  ASSERT_EQ(run("auto_round", "tiny-qwen3 --output_dir position " + rest).status, 0);
  ASSERT_EQ(run("auto-round", "--model_name tiny-qwen3/ --output_dir slash " + rest).status, 0);
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("position") / kW4));
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("slash") / kW4));
  EXPECT_EQ(read_file(in("out") / kW4 / "config.json"), read_file(in("position") / kW4 / "config.json"));
}

TEST_F(CliTest, LightRecipeIsRecorded) {
  ASSERT_EQ(run("auto-round-light", kQ + " --scheme W4A16").status, 0);
  EXPECT_EQ(recorded().at("iters").as_int64(), 50);
  EXPECT_DOUBLE_EQ(recorded().at("lr").as_double(), 0.005);
}

TEST_F(CliTest, UserBeatsTheRecipe) {
  ASSERT_EQ(run("auto-round-light", kQ + " --iters 3 --lr 0.01").status, 0);
  EXPECT_EQ(recorded().at("iters").as_int64(), 3);
  EXPECT_DOUBLE_EQ(recorded().at("lr").as_double(), 0.01);
}

TEST_F(CliTest, MultimodalNameIsTheSameProgram) {
  ASSERT_EQ(run("auto-round-mllm", kQ + " --iters 1 --bits 4 --group_size 128 --format auto_round").status, 0);
  ASSERT_EQ(quantize("--iters 1 --output_dir plain").status, 0);
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("plain") / kW4));
}

TEST_F(CliTest, RoundsToNearestWithoutIterations) {
  const auto result = quantize("--bits 4 --iters 0");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(count(result.err, "loss iter"), 0U);
  EXPECT_TRUE(fs::exists(in("out") / kW4 / "model.safetensors"));
}

TEST_F(CliTest, PlainRoundingNeverOpensTheDataSet) {
  const auto result = quantize("--iters 0 --disable_opt_rtn --dataset /nonexistent/data.jsonl");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(fs::exists(in("out") / kW4 / "model.safetensors"));
}

TEST_F(CliTest, NamesTheFolderByActivationsForWholeRows) {
  ASSERT_EQ(quantize("--iters 2 --group_size -1 --scheme W8A16").status, 0);
  EXPECT_TRUE(fs::exists(in("out") / "tiny-qwen3-w8a16" / "model.safetensors"));
}

TEST_F(CliTest, QuantizesTheOutputHead) {
  const auto result = quantize("--iters 2 --quant_lm_head --format auto_round");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "Summary: quantized 15/15 in the model\n"));
  EXPECT_TRUE(tensor_headers(in("out") / kW4).contains("lm_head.qweight"));
}

// The list asks for OPT here, an architecture of a later version; what is tested is the tie.
TEST_F(CliTest, LeavesATiedOutputHeadAlone) {
  make_model("tiny-llama", in("tiny-llama"));
  const auto result = quantize("--model tiny-llama --quant_lm_head --iters 1");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "WARNING"));
  EXPECT_TRUE(contains(result.err, "lm_head shares its weight with the embedding"));
  EXPECT_TRUE(contains(result.err, "Summary: quantized 14/15 in the model, unquantized layers: lm_head\n"));
}

TEST_F(CliTest, AdamTakesOtherSteps) {
  ASSERT_EQ(quantize("--iters 4 --not_use_best_mse").status, 0);
  ASSERT_EQ(quantize("--iters 4 --not_use_best_mse --adam --output_dir adam").status, 0);
  EXPECT_NE(weight_files(in("out") / kW4), weight_files(in("adam") / kW4));
}

TEST_F(CliTest, RecordsAccumulation) {
  ASSERT_EQ(quantize("--iters 2 --bs 1 --gradient_accumulate_steps 8").status, 0);
  EXPECT_EQ(recorded().at("gradient_accumulate_steps").as_int64(), 8);
  EXPECT_EQ(recorded().at("batch_size").as_int64(), 1);
}

TEST_F(CliTest, OptionsWithoutEffectChangeNoByte) {
  ASSERT_EQ(quantize("--iters 2").status, 0);
  const auto compiled = quantize("--iters 2 --enable_torch_compile --low_cpu_mem_usage --output_dir compiled");
  ASSERT_EQ(compiled.status, 0);
  EXPECT_TRUE(contains(compiled.err, "INFO"));
  EXPECT_TRUE(contains(compiled.err, "--enable_torch_compile: kernels are compiled ahead of time"));
  EXPECT_TRUE(contains(compiled.err, "--low_cpu_mem_usage: deprecated"));
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("compiled") / kW4));
}

TEST_F(CliTest, MixesBitsByExactNameAndPattern) {
  ASSERT_EQ(quantize("--iters 1 --layer_config '{\"model.layers.1.self_attn.o_proj\":{\"bits\":8,\"group_size\":32},"
                     "\"model.layers.*k_proj\":{\"bits\":2,\"group_size\":32}}'")
                .status,
            0);
  const auto record = recorded();
  const auto& extra = record.at("extra_config").as_object();
  EXPECT_EQ(extra.at("model.layers.1.self_attn.o_proj").at("bits").as_int64(), 8);
  EXPECT_EQ(extra.at("model.layers.0.self_attn.k_proj").at("bits").as_int64(), 2);
  EXPECT_EQ(extra.at("model.layers.1.self_attn.k_proj").at("bits").as_int64(), 2);
  const auto tensors = tensor_headers(in("out") / kW4);
  EXPECT_EQ(rows_of(tensors, "model.layers.1.self_attn.o_proj.qweight"), 256 * 8 / 32);
  EXPECT_EQ(rows_of(tensors, "model.layers.0.self_attn.k_proj.qweight"), 256 * 2 / 32);
  EXPECT_EQ(rows_of(tensors, "model.layers.1.self_attn.k_proj.qweight"), 256 * 2 / 32);
  EXPECT_EQ(rows_of(tensors, "model.layers.0.self_attn.o_proj.qweight"), 256 * 4 / 32);
}

TEST_F(CliTest, PatternOverridesExactName) {
  ASSERT_EQ(quantize("--iters 1 --layer_config '{k_proj:{bits:8},model.layers.0.self_attn.k_proj:{bits:2}}'").status,
            0);
  const auto tensors = tensor_headers(in("out") / kW4);
  EXPECT_EQ(rows_of(tensors, "model.layers.0.self_attn.k_proj.qweight"), 256 * 8 / 32);
  EXPECT_EQ(rows_of(tensors, "model.layers.1.self_attn.k_proj.qweight"), 256 * 8 / 32);
}

TEST_F(CliTest, RefusesAnUnknownKeyOfALayer) {
  const auto result = quantize("--iters 1 --layer_config '{k_proj:{bitz:8}}'");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "bitz"));
  EXPECT_TRUE(contains(result.err, "k_proj"));
  EXPECT_FALSE(fs::exists(in("out")));
}

TEST_F(CliTest, WarnsOfALayerThatIsNotThere) {
  const auto result = quantize("--iters 1 --layer_config '{nothing:{bits:8}}'");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "WARNING"));
  EXPECT_TRUE(contains(result.err, "nothing"));
  ASSERT_EQ(quantize("--iters 1 --output_dir plain").status, 0);
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("plain") / kW4));
}

TEST_F(CliTest, IgnoresLayersByPartOfTheirName) {
  const auto result = quantize("--iters 1 --ignore_layers down_proj,layers.1");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err,
                       "Summary: quantized 6/15 in the model, unquantized layers: lm_head, "
                       "model.layers.1.mlp.gate_proj, model.layers.1.mlp.up_proj, "));
  EXPECT_TRUE(contains(result.err, ", model.layers.[0-1].mlp.down_proj\n"));
}

TEST_F(CliTest, DeterministicRunsAreEqual) {
  ASSERT_EQ(quantize("--iters 2 --enable_deterministic_algorithms").status, 0);
  ASSERT_EQ(quantize("--iters 2 --enable_deterministic_algorithms --output_dir again").status, 0);
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("again") / kW4));
}

TEST_F(CliTest, BytesDoNotDependOnThreadsOrMemory) {
  settings_.env["AR_OMP_NUM_THREADS"] = "1";
  ASSERT_EQ(quantize("--iters 2").status, 0);
  settings_.env["AR_OMP_NUM_THREADS"] = "3";
  ASSERT_EQ(quantize("--iters 2 --low_gpu_mem_usage --output_dir other").status, 0);
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("other") / kW4));
}

TEST_F(CliTest, LogLevelChangesTheLogOnly) {
  ASSERT_EQ(quantize("--iters 2").status, 0);
  settings_.env["AR_LOG_LEVEL"] = "ERROR";
  const auto silent = quantize("--iters 2 --output_dir silent");
  ASSERT_EQ(silent.status, 0);
  EXPECT_EQ(silent.err, "");
  EXPECT_EQ(weight_files(in("out") / kW4), weight_files(in("silent") / kW4));
}

TEST_F(CliTest, DebugTellsWhereValuesCameFrom) {
  settings_.env["AR_LOG_LEVEL"] = "DEBUG";
  const auto result = run("auto-round-light", kQ + " --iters 0 --disable_opt_rtn");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "iters=0 (command line)\n"));
  EXPECT_TRUE(contains(result.err, "lr=0.005 (recipe light)\n"));
  EXPECT_TRUE(contains(result.err, "scheme=W4A16 (default)\n"));
}

TEST_F(CliTest, WarnsOfAVariableItDoesNotUse) {
  settings_.env["AR_RESUME_DIR"] = "somewhere";
  const auto result = quantize("--iters 0 --disable_opt_rtn");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "AR_RESUME_DIR is set but not used in this version"));
}

}  // namespace
}  // namespace ar::cli
