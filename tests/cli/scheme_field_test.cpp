// Options that set single fields of a scheme.
#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

constexpr const char* kRtn = "--iters 0 --disable_opt_rtn";

class SchemeFieldTest : public CliTest {
 protected:
  /// A preset and the same fields one by one: the same files, but for what the name of the folder says.
  void expect_same(const std::string& preset, const std::string& fields, const std::string& format,
                   const std::string& folder) {
    const std::string run = std::string(kRtn) + " --format " + format + " --scheme ";
    const auto named = quantize(run + preset + " --output_dir named");
    ASSERT_EQ(named.status, 0) << named.err;
    const auto spelled = quantize(run + fields + " --output_dir spelled");
    ASSERT_EQ(spelled.status, 0) << spelled.err;
    for (const char* file : {"/config.json", "/model.safetensors"})
      EXPECT_EQ(read_file(in("named/" + folder + file)), read_file(in("spelled/" + folder + file))) << preset << file;
  }
  void expect_refused(const std::string& options, const std::string& message) {
    const auto result = quantize(std::string(kRtn) + " " + options);
    EXPECT_EQ(result.status, 2) << options;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
  }
};

TEST_F(SchemeFieldTest, FieldsOfActivationsMakeThePresets) {
  expect_same("INT8", "W8A16 --group_size -1 --act_bits 8", "llm_compressor", "tiny-qwen3-w8a8");
  expect_same("MXFP4", "W4A16 --data_type mx_fp4 --group_size 32 --act_bits 4", "auto_round", "tiny-qwen3-mxfp-w4g32");
  expect_same("FP8_STATIC",
              "FPW8A16 --group_size -1 --act_bits 8 --act_dtype fp --act_group_size 0 --disable_act_dynamic",
              "llm_compressor", "tiny-qwen3-fp-w8afp8");
}

TEST_F(SchemeFieldTest, AsymmetricActivationsAreRecorded) {
  const auto result = quantize(std::string(kRtn) + " --format fake --act_bits 8 --act_group_size -1 --act_asym");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto config = read_object(in("out/tiny-qwen3-w4g128/config.json")).at("quantization_config").as_object();
  EXPECT_EQ(config.at("act_bits").as_int64(), 8);
  EXPECT_EQ(config.at("act_group_size").as_int64(), -1);
  EXPECT_FALSE(config.at("act_sym").as_bool());
  EXPECT_EQ(config.at("act_data_type").as_string(), "int");
}

TEST_F(SchemeFieldTest, RefusesWhatNoTypeDoes) {
  expect_refused("--act_bits 8 --act_data_type fp6", "activations of 6 bits in data type fp are not supported");
  expect_refused("--act_bits 12", "act_bits is 12; 1 to 8 quantize");
  expect_refused("--act_bits 8 --act_group_size -2", "act_group_size is -2; it must be positive");
  expect_refused("--super_bits 6", "--super_bits 6: only int_sym_dq and int_asym_dq quantize scales again");
  expect_refused("--data_type int_asym_dq", "--data_type int_asym_dq needs --bits as well");
  expect_refused("--data_type posit", "data type posit (sym) are not supported");
}

}  // namespace
}  // namespace ar::cli
