// Evaluation, before and after.
#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

TEST_F(CliTest, EvaluatesAModelAndItsExport) {
  ASSERT_EQ(quantize("--iters 0 --disable_opt_rtn").status, 0);
  const std::string how = " --ppl notes.txt --seqlen 64 --windows 2";
  const auto source = run("auto-round-eval", "tiny-qwen3" + how);
  ASSERT_EQ(source.status, 0) << source.err;
  const auto exported = run("auto-round", "--eval --model out/tiny-qwen3-w4g128 --ref tiny-qwen3" + how);
  ASSERT_EQ(exported.status, 0) << exported.err;
  EXPECT_EQ(count(source.out, "\n"), 1U);
  EXPECT_TRUE(contains(exported.out, "ppl"));
  EXPECT_TRUE(contains(exported.out, "top1"));
}

TEST_F(CliTest, EvaluationLeavesOutWhatItIsTold) {
  const std::string how = "eval tiny-qwen3 --ppl notes.txt --seqlen 64 --windows 2 --skip ";
  const auto all = run("auto-round", how + "0"), half = run("auto-round", how + "32");
  ASSERT_EQ(half.status, 0) << half.err;
  EXPECT_NE(all.out, half.out);
  EXPECT_EQ(run("auto-round", how + "62").status, 0);
  const auto nothing = run("auto-round", how + "63");
  EXPECT_EQ(nothing.status, 2);
  EXPECT_TRUE(contains(nothing.err, "--skip 63: must be 0 to 62"));
}

TEST_F(CliTest, EvaluationTasksAreRefused) {
  const auto result = run("auto-round", "eval tiny-qwen3 --tasks piqa");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "not in this version"));
}

TEST_F(CliTest, EvalNeedsAText) {
  const auto result = run("auto-round", "eval tiny-qwen3");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "--ppl"));
}

}  // namespace
}  // namespace ar::cli
