// Checkpoints as other programs publish them.
#include "common/bit_packing.hpp"
#include "tests/unit/formats/reader_fixture.hpp"

namespace ar::test {
namespace {

constexpr uint16_t kHalfOne = 0x3C00;
constexpr uint16_t kHalfTwo = 0x4000;

bool owns(const char* plugin, const std::string& config) { return format_api(plugin).owns(config.c_str()) == 1; }

/// 32 x 32 codes of 4 bits in the GPTQ layout, one group; every code is 3, every stored zero `zero`.
StoredLayer gptq_layer(uint32_t zero) {
  StoredLayer layer;
  layer.set("qweight", AR_DTYPE_I32, {4, 32}, std::vector<uint32_t>(128, 0x33333333U));
  layer.set("qzeros", AR_DTYPE_I32, {1, 4}, std::vector<uint32_t>(4, zero * 0x11111111U));
  layer.set("scales", AR_DTYPE_F16, {1, 32}, std::vector<uint16_t>(32, kHalfOne));
  std::vector<int32_t> index(32, 0);
  layer.set("g_idx", AR_DTYPE_I32, {32}, index);
  return layer;
}

TEST(ForeignGptq, ReadsBothConventionsOfZeroPoints) {
  const std::string v1 = R"({"quant_method":"gptq","bits":4,"group_size":32,"sym":false,"desc_act":true})";
  const std::string v2 =
      R"({"quant_method":"gptq","bits":4,"group_size":32,"sym":false,"checkpoint_format":"gptq_v2"})";
  for (const auto& [config, point] : {std::pair(v1, 8.0F), std::pair(v2, 7.0F)}) {
    EXPECT_TRUE(owns("auto_gptq", config));
    EXPECT_FALSE(owns("auto_round", config));
    MemoryTarget planes;
    ASSERT_EQ(gptq_layer(7).read("auto_gptq", config, planes), "");
    EXPECT_EQ(planes.at("zero_point").values<float>(), std::vector<float>(32, point));
    EXPECT_EQ(planes.at("codes").values<uint8_t>(), std::vector<uint8_t>(1024, 3));
    EXPECT_EQ(planes.at("scheme").values<int64_t>(), (std::vector<int64_t>{4, 32, 0}));
  }
}

TEST(ForeignGptq, RefusesGroupsOutOfOrder) {
  StoredLayer layer = gptq_layer(7);
  std::vector<int32_t> index(32, 0);
  index[5] = 1;
  layer.set("g_idx", AR_DTYPE_I32, {32}, index);
  EXPECT_EQ(layer.refusal("auto_gptq", R"({"quant_method":"gptq","bits":4,"group_size":32,"sym":true})"),
            "tensor 'model.layers.0.mlp.up_proj.g_idx' puts column 5 into group 1: groups out of order (desc_act) are "
            "not read");
}

TEST(ForeignGptq, FollowsTheRulesOfDynamic) {
  const std::string config = R"({"quant_method":"gptq","bits":8,"group_size":128,"sym":true,)"
                             R"("dynamic":{"-:.*lm_head.*":{},"+:.*up_proj.*":{"bits":4,"group_size":32}}})";
  MemoryTarget planes;
  ASSERT_EQ(gptq_layer(7).read("auto_gptq", config, planes), "");
  EXPECT_EQ(planes.at("scheme").values<int64_t>(), (std::vector<int64_t>{4, 32, 1}));
  EXPECT_FALSE(planes.tensors().count("zero_point") != 0);
}

TEST(ForeignGptq, RefusesMarlinAndUnknownLayouts) {
  EXPECT_EQ(gptq_layer(7).refusal("auto_gptq", R"({"quant_method":"gptq","bits":4,"checkpoint_format":"marlin"})"),
            "checkpoint_format 'marlin' is not read; accepted: gptq, gptq_v2");
  EXPECT_EQ(gptq_layer(7).refusal("auto_gptq", R"({"quant_method":"gptq","bits":4,"is_marlin_format":true})"),
            "is_marlin_format true: the Marlin layout is not read; accepted: GPTQ");
}

TEST(ForeignAwq, ReadsAutoAwqsSpelling) {
  const std::string config = R"({"quant_method":"awq","w_bit":4,"q_group_size":16,"zero_point":true,"version":"GEMM"})";
  StoredLayer layer;
  layer.set("qweight", AR_DTYPE_I32, {32, 1}, std::vector<uint32_t>(32, 0x75316420U));
  layer.set("qzeros", AR_DTYPE_I32, {2, 1}, std::vector<uint32_t>(2, 0x75316420U));
  layer.set("scales", AR_DTYPE_F16, {2, 8}, std::vector<uint16_t>(16, kHalfTwo));
  EXPECT_TRUE(owns("auto_awq", config));
  MemoryTarget planes;
  ASSERT_EQ(layer.read("auto_awq", config, planes), "");
  const auto codes = planes.at("codes").values<uint8_t>();
  for (size_t row = 0; row < 8; ++row) EXPECT_EQ(codes[row * 32], row);
  EXPECT_EQ(planes.at("zero_point").values<float>(),
            (std::vector<float>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7}));
}

std::string compressed(const std::string& weights, const std::string& format, const std::string& inputs = "null",
                       const std::string& targets = R"(["Linear"])") {
  return R"({"quant_method":"compressed-tensors","format":")" + format + R"(","config_groups":{"group_0":{"targets":)" +
         targets + R"(,"weights":)" + weights + R"(,"input_activations":)" + inputs + "}}}";
}

TEST(ForeignCompressed, ReadsPackedIntegersWithZeroPoints) {
  const std::string config = compressed(
      R"({"num_bits":4,"type":"int","symmetric":false,"group_size":8,"strategy":"group"})", "pack-quantized");
  StoredLayer layer;
  layer.set("weight_packed", AR_DTYPE_I32, {8, 2}, std::vector<uint32_t>(16, 0xFBA98710U));
  layer.set("weight_shape", AR_DTYPE_I64, {2}, std::vector<int64_t>{8, 16});
  layer.set("weight_scale", AR_DTYPE_BF16, {8, 2}, std::vector<uint16_t>(16, 0x3F80));
  layer.set("weight_zero_point", AR_DTYPE_I32, {1, 2}, std::vector<uint32_t>{0x76543210U, 0x88888888U});
  MemoryTarget planes;
  ASSERT_EQ(layer.read("llm_compressor", config, planes), "");
  const auto codes = planes.at("codes").values<uint8_t>();
  EXPECT_EQ(std::vector<uint8_t>(codes.begin(), codes.begin() + 8), (std::vector<uint8_t>{0, 1, 7, 8, 9, 10, 11, 15}));
  EXPECT_EQ(planes.at("zero_point").values<float>(),
            (std::vector<float>{0, 8, 1, 8, 2, 8, 3, 8, 4, 8, 5, 8, 6, 8, 7, 8}));
  EXPECT_EQ(planes.at("scale").dtype(), AR_DTYPE_BF16);
}

TEST(ForeignCompressed, TheGroupThatNamesALayerComesBeforeTheOneForItsClass) {
  const std::string config =
      R"({"quant_method":"compressed-tensors","format":"int-quantized","config_groups":{)"
      R"("group_0":{"targets":["Linear"],"weights":{"num_bits":4,"type":"int","strategy":"group","group_size":32}},)"
      R"("group_1":{"targets":["re:.*up_proj"],"weights":{"num_bits":8,"type":"int","strategy":"channel"}}}})";
  StoredLayer layer;
  layer.set("weight", AR_DTYPE_I8, {2, 3}, std::vector<int8_t>{-128, -1, 0, 1, 5, 127});
  layer.set("weight_scale", AR_DTYPE_F32, {2, 1}, std::vector<float>{1, 2});
  MemoryTarget planes;
  ASSERT_EQ(layer.read("llm_compressor", config, planes), "");
  EXPECT_EQ(planes.at("codes").values<uint8_t>(), (std::vector<uint8_t>{0, 127, 128, 129, 133, 255}));
  EXPECT_EQ(planes.at("scheme").values<int64_t>(), (std::vector<int64_t>{8, -1, 1}));
}

TEST(ForeignCompressed, ReadsTheScalesThatUpstreamAloneWrites) {
  const std::string arguments = R"({"num_bits":4,"type":"float","strategy":"tensor_group","group_size":16})";
  StoredLayer layer;
  layer.set("weight_packed", AR_DTYPE_U8, {2, 8}, std::vector<uint8_t>(16, 0xA2));
  layer.set("weight_scale", AR_DTYPE_U8, {2, 1}, std::vector<uint8_t>{0x78, 0x80});
  MemoryTarget planes;
  ASSERT_EQ(layer.read("llm_compressor", compressed(arguments, "nvfp4-e5m3-pack-quantized"), planes), "");
  EXPECT_EQ(planes.at("scale").values<uint8_t>(), (std::vector<uint8_t>{0x78, 0x80}));
  EXPECT_NE(planes.at("scheme_json").bytes().find(R"("data_type":"nvfp4_v2")"), std::string::npos);
}

TEST(ForeignCompressed, RefusesActivationOrder) {
  const std::string config =
      compressed(R"({"num_bits":4,"type":"int","group_size":8,"strategy":"group"})", "pack-quantized");
  StoredLayer layer;
  layer.set("weight_packed", AR_DTYPE_I32, {8, 2}, std::vector<uint32_t>(16, 0U));
  layer.set("weight_shape", AR_DTYPE_I64, {2}, std::vector<int64_t>{8, 16});
  layer.set("weight_scale", AR_DTYPE_F16, {8, 2}, std::vector<uint16_t>(16, kHalfOne));
  std::vector<int32_t> index(16, 1);
  layer.set("weight_g_idx", AR_DTYPE_I32, {16}, index);
  EXPECT_EQ(
      layer.refusal("llm_compressor", config),
      "tensor 'model.layers.0.mlp.up_proj.weight_g_idx' puts column 0 into group 1: groups out of order (actorder) "
      "are not read");
}

StoredLayer fp8_layer(const std::string& scale, ar_dtype dtype, std::vector<int64_t> shape, const std::string& bytes) {
  StoredLayer layer;
  layer.set("weight", AR_DTYPE_F8_E4M3, {130, 4}, std::vector<uint8_t>(520, 0x38));
  layer.set(OwnedTensor(kLayer + ("." + scale), dtype, std::move(shape), bytes));
  return layer;
}

TEST(ForeignFp8, ReadsBlockScalesOfAnyFloatType) {
  const std::string config =
      R"({"quant_method":"fp8","activation_scheme":"dynamic","fmt":"e4m3","weight_block_size":[128,128]})";
  EXPECT_TRUE(owns("fp8", config));
  const std::vector<float> scales = {0.5F, 2.0F};
  const std::string bytes(reinterpret_cast<const char*>(scales.data()), 8);
  MemoryTarget planes;
  ASSERT_EQ(fp8_layer("weight_scale_inv", AR_DTYPE_F32, {2, 1}, bytes).read("fp8", config, planes), "");
  EXPECT_EQ(planes.at("scale").values<float>(), scales);
  EXPECT_EQ(planes.at("codes").dtype(), AR_DTYPE_F8_E4M3);
  EXPECT_EQ(planes.at("scheme_json").bytes(),
            R"({"bits":8,"group_size":[128,128],"sym":true,"data_type":"fp","act_bits":8,"act_group_size":128,)"
            R"("act_sym":true,"act_dynamic":true,"act_data_type":"fp"})");
  EXPECT_EQ(fp8_layer("weight_scale_inv", AR_DTYPE_F32, {1, 2}, bytes).refusal("fp8", config),
            "tensor 'model.layers.0.mlp.up_proj.weight_scale_inv' has shape [1, 2], expected [2, 1]");
}

TEST(ForeignFp8, ReadsOneScaleATensorAsAScalar) {
  const float scale = 0.25F;
  const std::string bytes(reinterpret_cast<const char*>(&scale), 4);
  const std::string config = R"({"quant_method":"fp8","activation_scheme":"static"})";
  MemoryTarget planes;
  ASSERT_EQ(fp8_layer("weight_scale", AR_DTYPE_F32, {}, bytes).read("fp8", config, planes), "");
  EXPECT_EQ(planes.at("scale").shape(), std::vector<int64_t>{1});
  EXPECT_EQ(planes.at("scale").values<float>(), std::vector<float>{scale});
}

StoredLayer mlx_layer(uint16_t bias) {
  StoredLayer layer;
  layer.set("weight", AR_DTYPE_U32, {2, 8}, std::vector<uint32_t>(16, 0x76543210U));
  layer.set("scales", AR_DTYPE_BF16, {2, 1}, std::vector<uint16_t>(2, 0x3F80));  // 1
  layer.set("biases", AR_DTYPE_BF16, {2, 1}, std::vector<uint16_t>(2, bias));
  return layer;
}

TEST(ForeignMlx, TellsWholeZeroPointsFromOthers) {
  const std::string config = R"({"group_size":64,"bits":4,"lm_head":false})";
  EXPECT_TRUE(owns("mlx", config));
  MemoryTarget symmetric;
  ASSERT_EQ(mlx_layer(0xC100).read("mlx", config, symmetric, 64), "");  // -8
  EXPECT_EQ(symmetric.at("scheme").values<int64_t>(), (std::vector<int64_t>{4, 64, 1}));
  MemoryTarget whole;
  ASSERT_EQ(mlx_layer(0xC040).read("mlx", config, whole, 64), "");  // -3
  EXPECT_EQ(whole.at("zero_point").values<float>(), std::vector<float>(2, 3));
  MemoryTarget real;
  ASSERT_EQ(mlx_layer(0xC020).read("mlx", config, real, 64), "");  // -2.5
  EXPECT_EQ(real.at("zero_point").values<float>(), std::vector<float>(2, 2.5F));
  EXPECT_NE(real.at("scheme_json").bytes().find("int_asym_float_zp"), std::string::npos);
}

TEST(ForeignMlx, ReadsALayersOwnWidthAndRefusesOtherModes) {
  const std::string config =
      std::string(R"({"group_size":32,"bits":8,")") + kLayer + R"(":{"group_size":64,"bits":4}})";
  MemoryTarget planes;
  ASSERT_EQ(mlx_layer(0xC100).read("mlx", config, planes), "");
  EXPECT_EQ(planes.at("codes").shape(), (std::vector<int64_t>{2, 64}));
  EXPECT_EQ(mlx_layer(0).refusal("mlx", R"({"group_size":32,"bits":4,"mode":"mxfp4"})"),
            "MLX mode 'mxfp4' is not read; accepted: affine");
}

}  // namespace
}  // namespace ar::test
