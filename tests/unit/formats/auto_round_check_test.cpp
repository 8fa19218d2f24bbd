#include <array>
#include <cstdlib>

#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {
namespace {

std::string refusal(const std::string& format, const ar_scheme& scheme) {
  ar_error err{};
  return auto_round_api().check(format.c_str(), &scheme, &err) == AR_OK ? "" : err.text;
}

std::string resolved(const std::string& format, const ar_scheme& scheme, const std::string& layers = "[]") {
  std::array<char, 64> name{};
  ar_error err{};
  const ar_status status = auto_round_api().resolve(format.c_str(), plan_text(format, scheme, layers).c_str(),
                                                    name.data(), name.size(), &err);
  return status == AR_OK ? name.data() : err.text;
}

TEST(AutoRoundCheck, TakesEveryIntegerWidthAndGroupSize) {
  for (const int bits : {2, 3, 4, 8}) {
    for (const int group : {-1, 1, 32, 48, 128, 4096})
      EXPECT_EQ(refusal("auto_round", int_scheme(bits, group, true)), "");
  }
  EXPECT_EQ(refusal("auto_round", int_scheme(3, 128, false)), "");
  EXPECT_EQ(refusal("auto_round:gptqmodel", int_scheme(2, 128, false)), "");
  EXPECT_EQ(refusal("auto_round:auto_awq", int_scheme(4, 128, false)), "");
}

TEST(AutoRoundCheck, TakesASchemeThatQuantizesNothing) {
  ar_scheme bf16 = int_scheme(16, 128, true);
  bf16.data_type = "fp";
  EXPECT_EQ(refusal("auto_round", bf16), "");
}

TEST(AutoRoundCheck, SaysWhyItRefuses) {
  EXPECT_EQ(refusal("auto_round", int_scheme(4, 0, true)),
            "group_size 0: auto_round stores one scale per row and group; accepted: a positive number of columns, or "
            "-1 for whole rows");
  EXPECT_EQ(refusal("auto_round", int_scheme(5, 128, true)),
            "bits 5: auto_round stores 2, 3, 4 or 8 bits, or 16 for an unquantized layer");
  EXPECT_EQ(refusal("auto_round:auto_awq", int_scheme(3, 128, true)),
            "bits 3: the AWQ layout of auto_round:auto_awq holds 4 bits only");
  EXPECT_EQ(refusal("auto_round:fp8", int_scheme(4, 128, true)),
            "data_type 'int' has no place in auto_round:fp8; plain auto_round chooses its layout");
  EXPECT_EQ(refusal("auto_round:q4", int_scheme(4, 128, true)),
            "format 'auto_round:q4' is none of auto_round's; accepted: auto_round, auto_round:auto_gptq, "
            "auto_round:gptqmodel, auto_round:auto_awq, auto_round:mx_fp, auto_round:mx_fp_rceil, auto_round:nv_fp, "
            "auto_round:nvfp4_v2, auto_round:mx_int, auto_round:fp8_static, auto_round:fp8");
  ar_scheme odd = int_scheme(4, 32, true);
  odd.data_type = "posit";
  EXPECT_EQ(refusal("auto_round", odd),
            "data_type 'posit' has no place in auto_round; there are int, mx_fp, mx_int, nv_fp, nvfp4_v2 and fp");
  ar_scheme two_level = int_scheme(4, 32, false);
  two_level.super_bits = 6;
  EXPECT_EQ(refusal("auto_round", two_level), "super_bits 6: two-level scales have no place in auto_round");
}

TEST(AutoRoundCheck, Takes8BitAsymOnlyWhenAllowed) {
  const ar_scheme s = int_scheme(8, 128, false);
  unsetenv("AR_ALLOW_W8_ASYM");
  EXPECT_EQ(refusal("auto_round", s),
            "8 bits without symmetry: the kernels that serve this layout read 8-bit weights symmetric only; drop "
            "--asym, use 2, 3 "
            "or 4 bits, or set AR_ALLOW_W8_ASYM=1 to store it all the same");
  setenv("AR_ALLOW_W8_ASYM", "1", 1);
  EXPECT_EQ(refusal("auto_round", s), "");
  unsetenv("AR_ALLOW_W8_ASYM");
}

constexpr const char* kTwoBitLayer =
    R"([{"name":"a","quantized":true,"scheme":{"bits":4,"group_size":128}},
        {"name":"b","quantized":true,"scheme":{"bits":2,"group_size":128}}])";
constexpr const char* kShortGroup =
    R"([{"name":"a","quantized":true,"in_features":320,"scheme":{"bits":4,"group_size":128}}])";
constexpr const char* kUnquantizedLayer = R"([{"name":"a","quantized":false,"scheme":{"bits":8,"group_size":128}}])";

TEST(AutoRoundResolve, ChoosesTheBackEndFromSymmetryAndWidth) {
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, true)), "auto_round:auto_gptq");
  EXPECT_EQ(resolved("auto_round", int_scheme(2, 128, true)), "auto_round:auto_gptq");
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, false)), "auto_round:auto_awq");
  EXPECT_EQ(resolved("auto_round", int_scheme(3, 128, false)), "auto_round");
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, false), kTwoBitLayer), "auto_round");
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, false), kUnquantizedLayer), "auto_round:auto_awq");
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, true), kTwoBitLayer), "auto_round:auto_gptq");
}

TEST(AutoRoundResolve, AvoidsAwqWhereGroupsDoNotDivideTheInput) {
  EXPECT_EQ(resolved("auto_round", int_scheme(4, 128, false), kShortGroup), "auto_round");
}

TEST(AutoRoundResolve, KeepsAnExplicitBackEnd) {
  for (const char* name : {"auto_round:auto_gptq", "auto_round:gptqmodel", "auto_round:auto_awq"}) {
    EXPECT_EQ(resolved(name, int_scheme(4, 128, true)), name);
    EXPECT_EQ(resolved(name, int_scheme(4, 128, false)), name);
  }
  EXPECT_EQ(resolved("auto_round:auto_awq", int_scheme(4, 128, true), kTwoBitLayer),
            "layer 'b': the AWQ layout of auto_round:auto_awq holds 4 bits only, and in_features must be a multiple of "
            "group_size");
}

TEST(AutoRoundOpen, RefusesAnOptionItDoesNotKnow) {
  std::string plan = plan_text("auto_round", int_scheme(4, 128, true));
  plan.replace(plan.find(R"("options":{})"), 12, R"("options":{"x":1})");
  try {
    const Writer writer(auto_round_api(), plan);
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "unknown option 'x': auto_round takes none");
  }
}

TEST(AutoRoundOwns, KnowsItsOwnCheckpoints) {
  const auto owns = [](const char* config) { return auto_round_api().owns(config) == 1; };
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round:auto_gptq","data_type":"int"})"));
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round:awq"})"));
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round"})"));
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round:llm_compressor","data_type":"mx_fp"})"));
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round","data_type":"mx_int"})"));
  EXPECT_TRUE(owns(R"({"quant_method":"auto-round","data_type":"fp","bits":8})"));
  EXPECT_FALSE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round:llm_compressor","data_type":"int"})"));
  EXPECT_FALSE(owns(R"({"quant_method":"auto-round","packing_format":"auto_round:fake","data_type":"mx_fp"})"));
  EXPECT_FALSE(owns(R"({"quant_method":"auto-round","packing_format":"mlx","data_type":"int"})"));
  EXPECT_FALSE(owns(R"({"quant_method":"gptq"})"));
  EXPECT_FALSE(owns("not JSON"));
}

}  // namespace
}  // namespace ar::test
