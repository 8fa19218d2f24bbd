#include "core/quant/scheme.hpp"

#include <gtest/gtest.h>

#include "tests/unit/expect_error.hpp"

namespace ar::quant {
namespace {

using base::Exit;
using test::expect_error;

SchemeOverride with_bits(int bits) {
  SchemeOverride o;
  o.bits = bits;
  return o;
}

TEST(SchemePreset, FillsWhatTheTableLeavesOpen) {
  const Scheme s = preset("w4a16");
  EXPECT_EQ(s.bits, 4);
  EXPECT_EQ(s.group_size, 128);
  EXPECT_EQ(s.data_type, "int");
  EXPECT_EQ(s.act_bits, 16);
  EXPECT_EQ(s.act_group_size, 128);
  EXPECT_EQ(s.act_data_type, "float");
  EXPECT_TRUE(s.sym && s.act_sym && s.act_dynamic);
}

TEST(SchemePreset, HasEveryRowOfTheTable) {
  EXPECT_EQ(preset("W2A16G32").group_size, 32);
  EXPECT_EQ(preset("NVFP4").act_data_type, "nv_fp4_with_static_gs");
  EXPECT_EQ(preset("MXFP8"), preset("MXFP8_RCEIL"));
  EXPECT_FALSE(preset("FP8_STATIC").act_dynamic);
  EXPECT_EQ(preset("FP8_STATIC").act_group_size, 0);
  EXPECT_EQ(preset("FP8_BLOCK").group_size_rows, 128);
  EXPECT_EQ(preset("INT8"), preset("INT8_W8A8"));
  EXPECT_EQ(preset("GGUF:Q4_K_M").super_bits, 6);
  EXPECT_EQ(preset("GGUF:Q3_K_L").data_type, "int_sym_dq");
  EXPECT_FALSE(preset("BF16").quantized());
  for (const std::string& name : preset_names()) validate(preset(name), name);
  EXPECT_EQ(preset_names().front(), "W4A16");
}

TEST(SchemePreset, IsFoundByItsFields) {
  EXPECT_EQ(preset_name(preset("W4A16")), "W4A16");
  EXPECT_EQ(preset_name(preset("NVFP4")), "NVFP4");
  EXPECT_EQ(preset_name(preset("GGUF:Q4_K_M")), "GGUF:Q4_K_S") << "the first of its kind";
  EXPECT_EQ(preset_name(preset("GGUF:Q4_0")), "") << "an ordinary integer scheme of 32";
}

TEST(SchemeParse, RejectsUnknownNames) {
  expect_error(Exit::kUsage, {"W9A16", "not supported, only", "W4A16", "GGUF:Q8_0"}, [] { resolve("W9A16", {}); });
}

TEST(SchemeResolve, LaysOverridesOver) {
  SchemeOverride o = with_bits(2);
  o.sym = false;
  o.group_size = 64;
  const Scheme s = resolve("W4A16", o);
  EXPECT_EQ(s.bits, 2);
  EXPECT_FALSE(s.sym);
  EXPECT_FALSE(s.act_sym) << "unset: as the weights";
  EXPECT_EQ(s.act_group_size, 64);
  EXPECT_EQ(resolve("MXFP4", with_bits(8)).act_bits, 4) << "a preset's own activations stay";
}

TEST(SchemeResolve, InheritsTheTypeOfQuantizedActivations) {
  SchemeOverride o;
  o.act_bits = 8;
  const Scheme s = resolve("W4A16", o);
  EXPECT_EQ(s.act_data_type, "int");
  EXPECT_EQ(s.act_group_size, 128);
  o.act_bits = 0;
  EXPECT_EQ(resolve("W4A16", o).act_bits, 16);
}

TEST(SchemeResolve, BelievesTheTypesName) {
  SchemeOverride o;
  o.data_type = "mx_fp8";
  const Scheme s = resolve("MXFP4", o);
  EXPECT_EQ(s.bits, 8);
  EXPECT_EQ(s.data_type, "mx_fp");
  o.data_type = "nvfp4";
  EXPECT_EQ(resolve("NVFP4", o).data_type, "nv_fp");
  o.data_type = "mxfp_rceil";
  EXPECT_EQ(resolve("MXFP4", o).data_type, "mx_fp_rceil");
}

TEST(SchemeResolve, MakesDoubleQuantizedTypesGguf) {
  SchemeOverride o;
  o.data_type = "int_asym_dq";
  expect_error(Exit::kUsage, {"int_asym_dq", "--bits"}, [&] { resolve("W4A16", o); });
  o.bits = 4;
  EXPECT_EQ(resolve("W4A16", o), preset("GGUF:Q4_K_S"));
  EXPECT_EQ(resolve("GGUF:Q4_K_M", with_bits(2)).bits, 4) << "overrides of a GGUF scheme are dropped";
}

TEST(SchemeTypeBits, ReadsTheCountAfterTheFamily) {
  EXPECT_EQ(type_bits("int8"), 8);
  EXPECT_EQ(type_bits("fp8_e5m2"), 8);
  EXPECT_EQ(type_bits("mx_fp8e4m3"), 8);
  EXPECT_EQ(type_bits("nv_fp4_with_static_gs"), 4);
  EXPECT_EQ(type_bits("fp16"), 16);
  for (const char* none : {"int", "int_sym_dq", "nvfp4_v2", "float", ""}) EXPECT_FALSE(type_bits(none)) << none;
}

TEST(SchemeEquality, SkipsActivationsThatNobodyQuantizes) {
  Scheme a = preset("W4A16");
  Scheme b = a;
  b.act_data_type = "fp";
  b.act_bits = 32;
  EXPECT_EQ(a, b);
  a.act_bits = 8;
  EXPECT_NE(a, b);
}

TEST(SchemeValidate, NamesTheValueAndWhatIsAccepted) {
  const auto refused = [](std::initializer_list<const char*> parts, auto change) {
    Scheme s = preset("W4A16");
    change(s);
    expect_error(Exit::kUsage, parts, [&] { validate(s, "--scheme"); });
  };
  refused({"--scheme", "bits is 0", "positive"}, [](Scheme& s) { s.bits = 0; });
  refused({"bits is 12", "16"}, [](Scheme& s) { s.bits = 12; });
  refused({"act_bits is -4"}, [](Scheme& s) { s.act_bits = -4; });
  refused({"group_size is -2", "-1", "one group a tensor"}, [](Scheme& s) { s.group_size = -2; });
  refused({"act_group_size is -2"}, [](Scheme& s) { s.act_group_size = -2; });
  refused({"128,128", "fp8 weights only"}, [](Scheme& s) { s.group_size_rows = 128; });
  Scheme block = preset("FP8_BLOCK");
  block.act_dynamic = false;
  expect_error(Exit::kUsage, {"dynamic fp8 activations"}, [&] { validate(block, "x"); });
}

TEST(SchemeResolve, DoesNotInheritATwoDimensionalGroup) {
  SchemeOverride o;
  o.group_size = 128;
  o.group_size_rows = 128;
  expect_error(Exit::kUsage, {"act_group_size", "one number"}, [&] { resolve("FPW8A16", o); });
  expect_error(Exit::kUsage, {"fp8 weights only"}, [&] { resolve("W4A16", o); });
}

TEST(SchemeApply, TakesBitsFromTheTypeOfALayer) {
  SchemeOverride o;
  o.data_type = "int8";
  const Scheme s = apply(preset("W4A16"), o);
  EXPECT_EQ(s.bits, 8);
  EXPECT_EQ(s.data_type, "int");
  EXPECT_EQ(apply(preset("FP8_BLOCK"), with_bits(16)).group_size_rows, 128);
}

}  // namespace
}  // namespace ar::quant
