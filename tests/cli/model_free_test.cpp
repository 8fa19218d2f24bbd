// --model_free: plain rounding in float32.
#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

class ModelFreeTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fs::copy(fs::path(AR_SOURCE_DIR) / "examples/tinystories-656k", in("stories"));
  }
  /// KL divergence of the file from its model.
  double divergence(const std::string& options, const std::string& folder) {
    const auto made = run("auto-round", "stories --device_map cpu --output_dir " + folder + " " + options);
    EXPECT_EQ(made.status, 0) << made.err;
    const fs::path file = fs::directory_iterator(in(folder + "/stories-gguf"))->path();
    const auto seen =
        run("auto-round",
            "eval " + file.string() + " --tokenizer stories --ref stories --ppl notes.txt --seqlen 64 --windows 4");
    EXPECT_EQ(seen.status, 0) << seen.err;
    const auto at = seen.out.find("kld ");
    return at == std::string::npos ? -1 : std::stod(seen.out.substr(at + 4));
  }
  void expect_refused(const std::string& options, const std::string& message) {
    const auto result = quantize("--model_free " + options);
    EXPECT_EQ(result.status, 2) << options;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
  }
};

/// Upstream rounds these types twice; half the error is a quarter of the divergence.
TEST_F(ModelFreeTest, RoundsEveryElementOnce) {
  for (const std::string type : {"q4_1", "q5_1"}) {
    const double twice = divergence("--format gguf:" + type + " --iters 0 --disable_opt_rtn", "twice-" + type);
    const double once = divergence("--format gguf:" + type + " --model_free", "once-" + type);
    EXPECT_GT(once, 0) << type;
    EXPECT_LT(once, 0.7 * twice) << type;
  }
}

TEST_F(ModelFreeTest, RefusesWhatItDoesNotDo) {
  expect_refused("--format auto_round", "--model_free with --format auto_round: only GGUF formats have it");
  expect_refused("--format gguf:q4_1 --iters 5", "--model_free with --iters 5: nothing is tuned");
  expect_refused("--format gguf:q4_1 --enable_opt_rtn", "--model_free with --enable_opt_rtn: no scale is searched");
}

}  // namespace
}  // namespace ar::cli
