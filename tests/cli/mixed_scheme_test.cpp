// Schemes that give layers of one kind another width than the rest.
#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

constexpr const char* kRtn = "--iters 0 --disable_opt_rtn";

/// In a model without experts every layer has 8 bits; upstream writes the same tensors and this config.
TEST_F(CliTest, W4A16MixedOfADenseModelHoldsEightBits) {
  ASSERT_EQ(quantize(std::string(kRtn) + " --scheme W8A16 --output_dir wide").status, 0);
  const auto result = quantize(std::string(kRtn) + " --scheme W4A16_MIXED");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(weight_files(in("out/tiny-qwen3-w4g128")), weight_files(in("wide/tiny-qwen3-w8g128")));
  const auto config = recorded();
  EXPECT_EQ(config.at("bits").as_int64(), 4);
  EXPECT_EQ(config.at("extra_config").at("model.layers.1.mlp.down_proj").at("bits").as_int64(), 8);
  EXPECT_FALSE(config.at("extra_config").as_object().contains("lm_head"));
}

TEST_F(CliTest, W4A16MixedIsRefusedWhereItHasNoPlace) {
  const auto awq = quantize(std::string(kRtn) + " --scheme W4A16_MIXED --format auto_awq");
  EXPECT_EQ(awq.status, 2);
  EXPECT_TRUE(contains(awq.err, "bits 8: the AWQ layout of auto_awq holds 4 bits only"));
  const auto gguf = quantize(std::string(kRtn) + " --scheme W4A16_MIXED --format gguf:q4_0");
  EXPECT_EQ(gguf.status, 2);
  EXPECT_TRUE(contains(gguf.err, "--scheme W4A16_MIXED with --format gguf:q4_0: both choose the bits of every layer"));
}

}  // namespace
}  // namespace ar::cli
