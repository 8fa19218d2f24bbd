// Which scheme goes where, and what a user reads who asks for something else.
#include <array>

#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {
namespace {

ar_scheme typed(const char* type, int bits, int group, const char* act_type = "float", int act_bits = 16) {
  ar_scheme s = int_scheme(bits, group, true);
  s.data_type = type;
  s.act_bits = act_bits;
  s.act_group_size = group;
  s.act_sym = 1;
  s.act_dynamic = 1;
  s.act_data_type = act_type;
  return s;
}

ar_scheme mxfp4() { return typed("mx_fp", 4, 32, "mx_fp", 4); }
ar_scheme nvfp4() { return typed("nv_fp", 4, 16, "nv_fp4_with_static_gs", 4); }
ar_scheme int8() { return typed("int", 8, -1, "int", 8); }
ar_scheme fpw8a16() { return typed("fp", 8, 0, "fp"); }
ar_scheme fp8_static() {
  ar_scheme s = typed("fp", 8, -1, "fp", 8);
  s.act_group_size = 0;
  s.act_dynamic = 0;
  return s;
}
ar_scheme fp8_block() {
  ar_scheme s = typed("fp", 8, 128, "fp", 8);
  s.group_size_rows = 128;
  return s;
}

std::string refusal(const std::string& format, const ar_scheme& scheme) {
  ar_error err{};
  const ar_format_api& api = format_api(format.substr(0, format.find(':')));
  return api.check(format.c_str(), &scheme, &err) == AR_OK ? "" : err.text;
}

/// `id`: the plugin, which is not the name's first part for auto_round:llm_compressor and auto_round:mlx.
std::string resolved(const std::string& id, const std::string& format, const ar_scheme& scheme,
                     const std::string& layers = "[]") {
  std::array<char, 128> name{};
  ar_error err{};
  const ar_status status =
      format_api(id).resolve(format.c_str(), plan_text(format, scheme, layers).c_str(), name.data(), name.size(), &err);
  return status == AR_OK ? name.data() : err.text;
}

TEST(FormatNames, AreUpstreamsNamesOfTheLayouts) {
  EXPECT_EQ(resolved("auto_round", "auto_round", mxfp4()), "auto_round:mx_fp");
  EXPECT_EQ(resolved("auto_round", "auto_round", nvfp4()), "auto_round:nv_fp");
  EXPECT_EQ(resolved("auto_round", "auto_round", typed("nvfp4_v2", 4, 16, "nvfp4_v2", 4)), "auto_round:nvfp4_v2");
  EXPECT_EQ(resolved("auto_round", "auto_round", typed("mx_int", 4, 32, "mx_int", 4)), "auto_round:mx_int");
  EXPECT_EQ(resolved("auto_round", "auto_round", fpw8a16()), "auto_round:fp8");
  EXPECT_EQ(resolved("auto_round", "auto_round", fp8_block()), "auto_round:fp8");
  EXPECT_EQ(resolved("auto_round", "auto_round", fp8_static()), "auto_round:fp8_static");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", fp8_static()), "llm_compressor:fp8_static");
  EXPECT_EQ(resolved("llm_compressor", "auto_round:llm_compressor", fp8_static()),
            "auto_round:llm_compressor:fp8_static");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", int8()), "llm_compressor:int8_w8a8");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", int_scheme(4, 128, true)), "llm_compressor:wint_a16");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", fpw8a16()), "llm_compressor");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", fp8_block()), "llm_compressor:fp8_block");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", nvfp4()), "llm_compressor:nv_fp");
  EXPECT_EQ(resolved("mlx", "auto_round:mlx", int_scheme(4, 64, true)), "auto_round:mlx");
}

TEST(FormatNames, IntegerActivationsAreStoredAsFake) {
  EXPECT_EQ(resolved("auto_round", "auto_round", int8()), "fake");
  EXPECT_EQ(resolved("auto_gptq", "auto_gptq", int8()), "fake");
  EXPECT_EQ(resolved("auto_awq", "auto_awq", typed("int", 4, 128, "int", 8)), "fake");
}

TEST(FormatChecks, EveryFormatTakesASchemeThatQuantizesNothing) {
  const ar_scheme bf16 = typed("fp", 16, 128);
  for (const char* format : {"auto_round", "auto_gptq", "auto_awq", "llm_compressor", "fp8", "mlx", "fake"})
    EXPECT_EQ(refusal(format, bf16), "") << format;
}

TEST(FormatChecks, SayWhatAFormatHasNoPlaceFor) {
  EXPECT_EQ(refusal("auto_gptq", mxfp4()), "data_type 'mx_fp' has no place in auto_gptq; accepted: int");
  EXPECT_EQ(refusal("auto_gptq", int_scheme(5, 128, true)),
            "bits 5: auto_gptq stores 2, 3, 4 or 8 bits, or 16 for an unquantized layer");
  EXPECT_EQ(refusal("auto_gptq:exllama", int_scheme(4, 128, true)),
            "format 'auto_gptq:exllama': accepted is auto_gptq, without a colon");
  EXPECT_EQ(refusal("auto_awq", int_scheme(3, 128, true)), "bits 3: the AWQ layout of auto_awq holds 4 bits only");
  EXPECT_EQ(refusal("llm_compressor", int_scheme(4, 128, false)),
            "sym false: compressed-tensors does not load packed integers with zero points; use --format auto_round, or "
            "leave --asym out");
  EXPECT_EQ(refusal("llm_compressor", typed("mx_int", 4, 32, "mx_int", 4)),
            "data_type 'mx_int' has no place in llm_compressor; auto_round stores it");
  EXPECT_EQ(refusal("llm_compressor", typed("nvfp4_v2", 4, 16, "nvfp4_v2", 4)),
            "data_type 'nvfp4_v2': compressed-tensors has no such layout, and vLLM would take it for NVFP4; use --format "
            "auto_round");
  EXPECT_EQ(refusal("llm_compressor", typed("int", 4, 128, "int", 8)),
            "bits 4, group_size 128, act_bits 8 (int): with quantized activations llm_compressor stores 8-bit integers "
            "with one scale a row and dynamic 8-bit activations (INT8)");
  EXPECT_EQ(refusal("llm_compressor:mx_fp", nvfp4()),
            "data_type 'nv_fp' has no place in llm_compressor:mx_fp; plain llm_compressor chooses its layout");
  EXPECT_EQ(refusal("fp8", fpw8a16()),
            "data_type 'fp' with group_size 0: fp8 stores blocks of e4m3 weights beside dynamic fp8 activations "
            "(FP8_BLOCK)");
  EXPECT_EQ(refusal("mlx", int_scheme(7, 64, true)), "bits 7: MLX has kernels for 2, 3, 4, 5, 6 and 8 bits");
  EXPECT_EQ(refusal("mlx", int_scheme(4, -1, true)),
            "group_size -1: MLX has kernels for groups of 32, 64 and 128 columns");
  EXPECT_EQ(refusal("mlx", int8()), "act_bits 8: MLX leaves activations alone; accepted: 16");
}

TEST(FormatChecks, KnowTheGroupsOfFloatTypes) {
  EXPECT_EQ(refusal("auto_round", typed("mx_fp", 4, 64)), "group_size 64: auto_round stores mx_fp in groups of 32");
  EXPECT_EQ(refusal("auto_round", typed("nv_fp", 4, 32)), "group_size 32: auto_round stores nv_fp in groups of 16");
  EXPECT_EQ(refusal("auto_round", typed("mx_fp", 6, 32)), "bits 6: auto_round stores mx_fp with 4 or 8 bits");
  EXPECT_EQ(refusal("auto_round", typed("fp", 8, 64)),
            "group_size 64: auto_round stores one fp scale a tensor (0), a row (-1) or a block ([rows, columns])");
  EXPECT_EQ(
      refusal("auto_round", typed("fp", 8, -1, "fp", 8)),
      "act_bits 8 (fp, dynamic) with act_group_size -1: auto_round stores fp weights beside 8-bit fp activations, "
      "static with act_group_size 0, or dynamic beside blocks");
  EXPECT_EQ(
      refusal("auto_round", typed("mx_fp", 4, 32, "int", 8)),
      "act_bits 8 (int, dynamic): auto_round stores mx_fp weights beside dynamic activations of the same type and "
      "width, or unquantized ones");
  ar_scheme asym = mxfp4();
  asym.sym = 0;
  EXPECT_EQ(refusal("auto_round", asym), "sym false: mx_fp has no zero points");
}

std::string layers(const std::string& name, const ar_scheme& s, bool in_block = true, int in_features = 256) {
  return R"([{"name":")" + name + R"(","quantized":true,"in_block":)" + (in_block ? "true" : "false") +
         R"(,"in_features":)" + std::to_string(in_features) + R"(,"scheme":)" + scheme_text(s) + "}]";
}

TEST(FormatPlans, AreRefusedNamingTheLayer) {
  const ar_scheme w4 = int_scheme(4, 128, true);
  EXPECT_EQ(resolved("auto_gptq", "auto_gptq", w4, layers("lm_head", w4, false)),
            "layer 'lm_head' is quantized, which auto_gptq has no place for: drop --quant_lm_head, or use --format "
            "auto_round");
  EXPECT_EQ(resolved("auto_round", "auto_round", w4, layers("a", mxfp4())),
            "layer 'a' has data_type 'mx_fp', the model 'int': auto_round stores one kind of numbers a checkpoint");
  EXPECT_EQ(resolved("auto_round", "auto_round", typed("fp", 16, 128), layers("a", w4)),
            "layer 'a' is quantized, the model's scheme leaves weights alone: give the layer's scheme as --scheme and "
            "leave the others alone");
  EXPECT_EQ(resolved("auto_awq", "auto_awq", w4, layers("a", int_scheme(4, 64, true))),
            "layer 'a' has another group_size or symmetry than the model, which AWQ's config cannot say; "
            "auto_round:auto_awq can");
  EXPECT_EQ(resolved("auto_awq", "auto_awq", w4, layers("a", int_scheme(8, 128, true))),
            "layer 'a': AWQ holds 4 bits only, and in_features must be a multiple of group_size");
  EXPECT_EQ(resolved("llm_compressor", "llm_compressor", w4, layers("a", w4, true, 320)),
            "layer 'a': compressed-tensors needs in_features 320 to be a multiple of group_size 128");
  EXPECT_EQ(
      resolved("llm_compressor", "llm_compressor", mxfp4(), layers("a", typed("mx_fp", 8, 32, "mx_fp", 8))),
      "layer 'a' is to be stored as mxfp8-quantized, the model as mxfp4-pack-quantized: llm_compressor stores one "
      "of them a checkpoint");
}

}  // namespace
}  // namespace ar::test
