// Rows 44 to 52 of the acceptance list: where the samples come from.
#include "tests/cli/cli_test.hpp"

#include <fstream>

#include <boost/json.hpp>

namespace ar::cli {
namespace {

TEST_F(CliTest, TakesAsManySamplesOfEverySourceAsAsked) {
  const auto result = quantize("--iters 1 --dataset ./tmp.json:num=4,calib.jsonl:num=8 --nsamples 12");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "{'./tmp.json': 4, 'calib.jsonl': 8}"));
}

TEST_F(CliTest, SharesSamplesAmongSources) {
  const auto result = quantize("--iters 1 --dataset ./tmp.json,calib.jsonl --nsamples 24");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "{'./tmp.json': 12, 'calib.jsonl': 12}"));
}

TEST_F(CliTest, JoinsTexts) {
  const auto result = quantize("--iters 1 --dataset calib.jsonl:concat=True --seqlen 512 --nsamples 8");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(recorded().at("seqlen").as_int64(), 512);
}

TEST_F(CliTest, AppliesTheChatTemplate) {
  settings_.env["AR_LOG_LEVEL"] = "DEBUG";
  const auto result =
      quantize("--iters 1 --dataset 'calib.jsonl:apply_chat_template:system_prompt=\"You are a helpful assistant.\"'");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "<system>You are a helpful assistant."));
}

// Row 48 asks for the order of a cached set; parquet files are for a later version.
TEST_F(CliTest, SaysThatNamedSetsCannotBeRead) {
  for (const char* line : {"--iters 1 --dataset NeelNanda/pile-10k", "--iters 1 --dataset pile-10k"}) {
    const auto result = quantize(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_TRUE(contains(result.err, "parquet"));
    EXPECT_FALSE(fs::exists(in("out")));
  }
}

TEST_F(CliTest, EndsWithoutSamplesLongEnough) {
  const auto result = quantize("--iters 1 --dataset short.jsonl");
  EXPECT_EQ(result.status, 255);
  EXPECT_TRUE(contains(result.err, "64"));
  EXPECT_TRUE(contains(result.err, "ERROR"));
  EXPECT_TRUE(has_no_final_file(in("out")));
}

TEST_F(CliTest, GoesOnWithFewerSamples) {
  const auto result = quantize("--iters 1 --dataset few.jsonl");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "WARNING"));
  EXPECT_TRUE(contains(result.err, "16"));
  EXPECT_EQ(recorded().at("batch_size").as_int64(), 3);
}

TEST_F(CliTest, RefusesAnUnknownSet) {
  const auto result = quantize("--iters 1 --dataset no/such_set");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "no/such_set"));
  EXPECT_TRUE(contains(result.err, "pile-10k"));
}

TEST_F(CliTest, RefusesATextFile) {
  const auto result = quantize("--iters 1 --dataset notes.txt");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "notes.txt"));
  EXPECT_TRUE(contains(result.err, "jsonl"));
}

TEST_F(CliTest, ClampsSeqlenToTheModel) {
  const auto result = quantize("--iters 1 --seqlen 4096 --dataset long.jsonl --nsamples 2 --bs 1");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "WARNING"));
  EXPECT_TRUE(contains(result.err, "4096"));
  EXPECT_TRUE(contains(result.err, "2048"));
}

}  // namespace
}  // namespace ar::cli
