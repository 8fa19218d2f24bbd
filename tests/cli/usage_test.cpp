// Rows 1 to 9 and 26 of the acceptance list: what needs no model.
#include "tests/cli/cli_test.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "host/option_table.hpp"

namespace ar::cli {
namespace {

std::size_t n_files(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::recursive_directory_iterator(folder), fs::recursive_directory_iterator()));
}

TEST_F(CliTest, HelpListsEveryOptionAndCreatesNothing) {
  const auto before = n_files(settings_.folder);
  const auto result = run("auto-round", "-h");
  EXPECT_EQ(result.status, 0);
  for (const auto& option : host::quantize_options()) {
    for (const auto& name : host::split_names(option)) EXPECT_TRUE(contains(result.out, "--" + name));
  }
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(n_files(settings_.folder), before);
}

TEST_F(CliTest, ListFormatShowsTheSupportMatrix) {
  const auto result = run("auto_round", "list format");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out.rfind("AutoRound supported output formats and quantization scheme:\n", 0), 0U);
  EXPECT_TRUE(contains(result.out, "auto_round support scheme:\n\tW4A16, "));
  EXPECT_TRUE(contains(result.out, "fake support scheme:\n\tAll schemes\n"));
}

TEST_F(CliTest, ListFormatsHasNoColoursInAPipe) {
  const auto result = run("auto-round", "list formats");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out.find('\033'), std::string::npos);
}

TEST_F(CliTest, StartsWithoutLibTorch) {
  EXPECT_EQ(read_file(fs::path(AR_BINARY_DIR) / "bin/auto-round").find("libtorch_cpu.so"), std::string::npos);
}

TEST_F(CliTest, ListRefusesAnUnknownItem) {
  const auto result = run("auto-round", "list nonsense");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "nonsense"));
  EXPECT_TRUE(contains(result.err, "formats"));
}

TEST_F(CliTest, ListAlgNamesWhatIsThere) {
  const auto result = run("auto-round", "list alg");
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(contains(result.out, "- rtn: "));
  EXPECT_TRUE(contains(result.out, "- auto_round (aliases: autoround, sign_round, signround): "));
  EXPECT_TRUE(contains(run("auto-round", "list alg signround").out, "--iters"));
  EXPECT_EQ(run("auto-round", "list alg awq").status, 2);
}

TEST_F(CliTest, EvalHasItsOwnHelp) {
  for (const char* line : {"--eval -h", "eval -h", "help eval"}) {
    const auto result = run("auto-round", line);
    EXPECT_EQ(result.status, 0);
    EXPECT_TRUE(contains(result.out, "evaluation"));
    EXPECT_TRUE(contains(result.out, "--ppl"));
  }
}

TEST_F(CliTest, RefusesAnUnknownOption) {
  const auto result = run("auto-round", "--no_such_option");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "auto-round quantize: error: unrecognized arguments: --no_such_option"));
}

TEST_F(CliTest, PrintsTheUsageWithoutAModel) {
  const auto result = run("auto-round", "");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "usage: auto-round quantize"));
  EXPECT_TRUE(contains(result.err, "model"));
}

TEST_F(CliTest, RefusesAnUnknownScheme) {
  const auto result = quantize("--scheme W9A16");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "W9A16"));
  for (const char* preset : {"W4A16", "W2A16G64", "MXFP4", "GGUF:Q4_K_M"}) EXPECT_TRUE(contains(result.err, preset));
  EXPECT_FALSE(fs::exists(in("out")));
}

TEST_F(CliTest, RefusesAnUnknownFormat) {
  const auto result = quantize("--format auto_foo");
  EXPECT_EQ(result.status, 2);
  for (const char* name : {"auto_foo", "auto_round", "fake"}) EXPECT_TRUE(contains(result.err, name));
  EXPECT_FALSE(fs::exists(in("out")));
}

TEST_F(CliTest, RefusesContradictingFlags) {
  const auto result = quantize("--disable_opt_rtn --enable_opt_rtn");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "argument --enable_opt_rtn: not allowed with argument --disable_opt_rtn"));
}

TEST_F(CliTest, RefusesAnOutputHeadInAFormatThatCannotHoldIt) {
  const auto result = quantize("--quant_lm_head --format auto_gptq");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "format auto_gptq"));
  EXPECT_TRUE(contains(result.err, "auto_round:auto_gptq"));
}

TEST_F(CliTest, RefusesEveryOptionOfALaterVersion) {
  for (const auto& option : host::quantize_options()) {
    if (option.status != host::Status::kLater) continue;
    const auto name = host::split_names(option).front();
    const bool bare = option.arity == host::Arity::kFlag || option.arity == host::Arity::kToggle;
    const auto result = quantize("--" + name + (bare ? "" : " 1"));
    EXPECT_EQ(result.status, 2) << name;
    EXPECT_TRUE(contains(result.err, "--" + name + " is not in this version: "));
    EXPECT_EQ(count(result.err, "\n"), 1U) << result.err;
  }
  EXPECT_FALSE(fs::exists(in("out")));
}

TEST_F(CliTest, RefusesAnUnknownLogLevel) {
  settings_.env["AR_LOG_LEVEL"] = "LOUD";
  const auto result = run("auto-round", "-h");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "AR_LOG_LEVEL LOUD: must be TRACE, DEBUG"));
}

TEST_F(CliTest, RefusesAnAlgorithmOfALaterVersion) {
  const auto result = quantize("--algorithm awq");
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(contains(result.err, "--algorithm awq: not in this version"));
}

}  // namespace
}  // namespace ar::cli
