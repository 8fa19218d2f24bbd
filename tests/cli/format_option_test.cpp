// --format_option: who takes it, and what it does.
#include "tests/cli/cli_test.hpp"
#include "tests/cli/fixtures.hpp"

namespace ar::cli {
namespace {

constexpr const char* kRun = "--iters 0 --disable_opt_rtn --model tiny-llama ";  // of width 128: K types fall back

class FormatOptionTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    make_model("tiny-llama", in("tiny-llama"));
  }
  void expect_refused(const std::string& options, const std::string& message) {
    const auto result = quantize(kRun + options);
    EXPECT_EQ(result.status, 2) << options;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_FALSE(fs::exists(in("out"))) << options;
  }
  std::uintmax_t size_of(const std::string& options, const std::string& folder) {
    const auto result = quantize(kRun + options + " --output_dir " + folder);
    EXPECT_EQ(result.status, 0) << result.err;
    return fs::file_size(fs::directory_iterator(in(folder + "/tiny-llama-gguf"))->path());
  }
};

TEST_F(FormatOptionTest, FallbackOfLlamaCppMakesTheSmallerFile) {
  const std::string format = "--format gguf:q2_k_s --format_option gguf.fallback=";
  EXPECT_LT(size_of(format + "llama.cpp", "small"), size_of(format + "auto_round", "large"));
}

TEST_F(FormatOptionTest, IsRefusedByWhomItIsNotMeantFor) {
  expect_refused("--format gguf:q2_k_s --format_option gguf.fallback=ggml",
                 "option fallback is 'ggml'; accepted: auto_round, llama.cpp");
  expect_refused("--format gguf:q2_k_s --format_option gguf.speed=high", "unknown option 'speed': gguf takes fallback");
  expect_refused("--format auto_awq --format_option gguf.fallback=llama.cpp",
                 "--format_option gguf.fallback: no output of --format auto_awq is written by gguf");
  expect_refused("--format auto_round --format_option auto_round.fallback=llama.cpp",
                 "unknown option 'fallback': auto_round takes none");
  expect_refused("--format_option fallback", "argument --format_option: invalid value: 'fallback' (FORMAT.NAME=VALUE)");
  expect_refused(
      "--format gguf:q2_k_s --format_option gguf.fallback=auto_round --format_option gguf.fallback=llama.cpp",
      "gguf.fallback is given twice");
}

}  // namespace
}  // namespace ar::cli
