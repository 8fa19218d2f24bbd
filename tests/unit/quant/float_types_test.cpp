// Worked examples of data_types.md 11, and what all floating point types promise.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/quant/data_type.hpp"
#include "core/quant/float_grid.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "core/tensor/parallel.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

at::Tensor tensor_of(const std::vector<float>& x, int64_t out, int64_t in, at::ScalarType type = at::kBFloat16) {
  at::Tensor t = at::empty({out, in}, at::kFloat);
  std::copy(x.begin(), x.end(), t.mutable_data_ptr<float>());
  return t.to(type);
}

Scheme scheme_of(const std::string& type, int bits, int64_t group_size, int64_t group_size_rows = 0) {
  Scheme scheme;
  scheme.data_type = type;
  scheme.bits = bits;
  scheme.group_size = group_size;
  scheme.group_size_rows = group_size_rows;
  return scheme;
}

std::vector<int> bytes_of(const at::Tensor& t) {
  const auto* p = static_cast<const uint8_t*>(t.const_data_ptr());
  return {p, p + t.nbytes()};
}

std::vector<float> floats_of(const at::Tensor& t) {
  const at::Tensor f = t.to(at::kFloat).contiguous();
  return {f.const_data_ptr<float>(), f.const_data_ptr<float>() + f.numel()};
}

const std::vector<float> kExample{0.109375f, -0.34375f, 0.625f, -0.8125f, 0.046875f, 0.4375f, -0.21875f, 0.734375f};

struct Example {
  const char* data_type;
  int bits;
  int scale;
  std::vector<int> codes;  // without the high half of the bytes of 11.2 where bits is 4
  std::vector<float> values;
};
void PrintTo(const Example& e, std::ostream* out) { *out << e.data_type << " " << e.bits << " bits"; }

class MxExample : public ::testing::TestWithParam<Example> {};

TEST_P(MxExample, GivesTheseBytes) {
  const Example& e = GetParam();
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of(e.data_type, e.bits, 32));
  EXPECT_EQ(bytes_of(w.scale), std::vector<int>{e.scale});
  EXPECT_EQ(w.scale.scalar_type(), at::kFloat8_e8m0fnu);
  EXPECT_EQ(w.codes.scalar_type(), e.bits == 8 ? at::kFloat8_e4m3fn : at::kByte);
  EXPECT_EQ(bytes_of(w.codes), e.codes);
  EXPECT_EQ(floats_of(dequantize(w, at::kFloat)), e.values);
}

const std::vector<float> kMx4{0.125f, -0.375f, 0.5f, -0.75f, 0.0625f, 0.5f, -0.25f, 0.75f};
INSTANTIATE_TEST_SUITE_P(Types, MxExample,
                         ::testing::Values(Example{"mx_fp", 4, 124, {2, 13, 6, 15, 1, 6, 12, 7}, kMx4},
                                           Example{"mx_fp4_rceil_v2", 4, 124, {2, 13, 6, 15, 1, 6, 12, 7}, kMx4},
                                           Example{"mx_fp_rceil",
                                                   4,
                                                   125,
                                                   {1, 11, 4, 13, 0, 4, 10, 5},
                                                   {0.125f, -0.375f, 0.5f, -0.75f, 0.0f, 0.5f, -0.25f, 0.75f}},
                                           Example{"mx_int",
                                                   4,
                                                   126,
                                                   {1, 11, 5, 14, 0, 4, 10, 6},
                                                   {0.125f, -0.375f, 0.625f, -0.75f, 0.0f, 0.5f, -0.25f, 0.75f}},
                                           Example{"mx_fp",
                                                   8,
                                                   118,
                                                   {0x66, 0xf3, 0x7a, 0xfd, 0x5c, 0x76, 0xee, 0x7c},
                                                   {0.109375f, -0.34375f, 0.625f, -0.8125f, 0.046875f, 0.4375f,
                                                    -0.21875f, 0.75f}}),
                         [](const auto& info) { return info.param.data_type + std::to_string(info.param.bits); });

TEST(Mx, GroupsOfZeros) {
  const at::Tensor zeros = tensor_of(std::vector<float>(32, 0.0f), 1, 32);
  EXPECT_EQ(bytes_of(quantize(zeros, scheme_of("mx_fp", 4, 32)).scale), std::vector<int>{126});
  EXPECT_EQ(bytes_of(quantize(zeros, scheme_of("mx_fp", 8, 32)).scale), std::vector<int>{120});
  EXPECT_EQ(bytes_of(quantize(zeros, scheme_of("mx_fp_rceil", 4, 32)).scale), std::vector<int>{128});
}

TEST(Mx, ANegativeThatRoundsToZeroKeepsItsSign) {
  const QuantizedWeight w = quantize(tensor_of({6.0f, -0.1f, -0.0f, 0.1f}, 1, 4), scheme_of("mx_fp", 4, 32));
  EXPECT_EQ(bytes_of(w.codes), (std::vector<int>{7, 8, 0, 0}));
}

/// The floats next to a power of two have its logarithm: floor and ceil take the power.
TEST(Mx, ExponentsComeFromTheRoundedLogarithm) {
  QuantizeOptions f32;
  f32.dtype = at::kFloat;
  const at::Tensor w = tensor_of({7.9999995f, 1.0f}, 1, 2, at::kFloat);
  EXPECT_EQ(bytes_of(quantize(w, scheme_of("mx_fp", 4, 32), f32).scale), std::vector<int>{127 + 3 - 2});
  const at::Tensor above = tensor_of({96.0000076f, 1.0f}, 1, 2, at::kFloat);
  EXPECT_EQ(bytes_of(quantize(above, scheme_of("mx_fp_rceil", 4, 32), f32).scale), std::vector<int>{127 + 4});
}

std::vector<float> padded_example() {
  std::vector<float> w = kExample;
  w.resize(16);
  return w;
}

TEST(Nv, Example) {
  QuantizeOptions options;
  options.global_scale = nv_global_scale(2.0f);
  EXPECT_EQ(*options.global_scale, 1344.0f);
  const QuantizedWeight w = quantize(tensor_of(padded_example(), 1, 16), scheme_of("nv_fp", 4, 16), options);
  EXPECT_EQ(bytes_of(w.scale), std::vector<int>{0x73});
  EXPECT_EQ(w.scale.scalar_type(), at::kFloat8_e4m3fn);
  EXPECT_EQ(floats_of(w.global_scale), std::vector<float>{1344.0f});
  EXPECT_EQ(bytes_of(w.codes), (std::vector<int>{2, 13, 6, 15, 1, 5, 11, 7, 0, 0, 0, 0, 0, 0, 0, 0}));
  const std::vector<float> stored = floats_of(dequantize(w, at::kBFloat16));
  const std::vector<float> expected{.130859375f,  -.392578125f, .5234375f,     -.78515625f,
                                    .0654296875f, .392578125f,  -.1962890625f, .78515625f};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), stored.begin()));
}

TEST(Nv, TakesItsOwnGlobalScaleWhereNoneIsGiven) {
  const QuantizedWeight w = quantize(tensor_of(padded_example(), 1, 16), scheme_of("nv_fp", 4, 16));
  EXPECT_EQ(floats_of(w.global_scale)[0], nv_global_scale(0.8125f));
  const QuantizedWeight zero = quantize(tensor_of(std::vector<float>(16, 0.0f), 1, 16), scheme_of("nv_fp", 4, 16));
  EXPECT_EQ(floats_of(zero.global_scale)[0], 0.0f);
  EXPECT_EQ(floats_of(dequantize(zero, at::kFloat)), std::vector<float>(16, 0.0f));
}

TEST(Nv, E5m3Example) {
  const QuantizedWeight w = quantize(tensor_of(padded_example(), 1, 16), scheme_of("nvfp4_v2", 4, 16));
  EXPECT_EQ(bytes_of(w.scale), std::vector<int>{0x61});
  EXPECT_EQ(w.scale.scalar_type(), at::kByte);
  EXPECT_FALSE(w.global_scale.defined());
  const std::vector<float> back = floats_of(dequantize(w, at::kFloat));
  const std::vector<float> expected{.140625f, -.28125f, .5625f, -.84375f, .0703125f, .421875f, -.2109375f, .84375f};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), back.begin()));
}

TEST(Fp8, RowExample) {
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of("fp", 8, -1));
  EXPECT_EQ(floats_of(w.scale), std::vector<float>{0.8125f / 448.0f});
  EXPECT_EQ(bytes_of(w.codes), (std::vector<int>{0x67, 0xf4, 0x7b, 0xfe, 0x5d, 0x77, 0xef, 0x7d}));
  EXPECT_EQ(floats_of(dequantize(w, at::kBFloat16)),
            (std::vector<float>{.10888671875f, -.34765625f, .63671875f, -.8125f, .047119140625f, .435546875f,
                                -.2177734375f, .75390625f}));
}

/// Untuned 2-D blocks of bfloat16 weights are rounded in that type throughout.
TEST(Fp8, BlockExample) {
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of("fp", 8, 128, 128));
  EXPECT_EQ(floats_of(w.scale), std::vector<float>{0.0018157958984375f});
  EXPECT_EQ(bytes_of(w.codes), (std::vector<int>{0x67, 0xf4, 0x7b, 0xfe, 0x5d, 0x77, 0xef, 0x7d}));
  EXPECT_EQ(floats_of(dequantize(w, at::kBFloat16))[2], .640625f);
}

TEST(Fp8, ShapesOfScales) {
  const at::Tensor w = tensor_of(edge_weights(20, 80, 3), 20, 80);
  EXPECT_EQ(quantize(w, scheme_of("fp", 8, 0)).scale.sizes(), at::IntArrayRef({1}));
  EXPECT_EQ(quantize(w, scheme_of("fp", 8, -1)).scale.sizes(), at::IntArrayRef({20, 1}));
  EXPECT_EQ(quantize(w, scheme_of("fp", 8, 32)).scale.sizes(), at::IntArrayRef({20, 3}));
  EXPECT_EQ(quantize(w, scheme_of("fp", 8, 32, 16)).scale.sizes(), at::IntArrayRef({2, 3}));
  EXPECT_EQ(quantize(w, scheme_of("fp8_e5m2", 8, -1)).codes.scalar_type(), at::kFloat8_e5m2);
}

TEST(FloatKind, KnowsItsNames) {
  EXPECT_EQ(float_kind("mx_fp", 8)->element.max, 448.0f);
  EXPECT_EQ(float_kind("mx_fp8e5m2_rceil", 8)->element.max, 57344.0f);
  EXPECT_EQ(float_kind("mx_fp6", 6)->element.max, 7.5f);
  EXPECT_EQ(float_kind("mx_fp6e3m2", 6)->element.max, 28.0f);
  EXPECT_EQ(float_kind("mx_int4", 4)->element.max, 1.75f);
  for (const char* name : {"int", "mx_fp16", "fp4", "nv_fp8", "float", "mx_fp8_rceil_v2"})
    EXPECT_FALSE(float_kind(name, 4)) << name;
}

TEST(FloatGrid, RefusesGroupsTheTypeCannotHave) {
  const at::Tensor w = tensor_of(edge_weights(12, 64, 3), 12, 64);
  for (const Scheme& scheme : {scheme_of("nv_fp", 4, 32), scheme_of("nvfp4_v2", 4, 64), scheme_of("mx_fp", 4, 0),
                               scheme_of("mx_fp", 4, 32, 32), scheme_of("fp", 8, -1, 128), scheme_of("fp", 8, -2)})
    EXPECT_THROW(quantize(w, scheme), base::Error) << scheme.data_type << " " << scheme.group_size;
}

TEST(FloatPlanes, AreRefusedWhereTheyDoNotFit) {
  const at::Tensor w = tensor_of(edge_weights(12, 64, 3), 12, 64);
  QuantizedWeight short_scale = quantize(w, scheme_of("mx_fp", 4, 32));
  short_scale.scale = short_scale.scale.narrow(1, 0, 1).contiguous();
  EXPECT_THROW(dequantize(short_scale, at::kFloat), base::Error);
  QuantizedWeight short_codes = quantize(w, scheme_of("mx_fp", 8, 32));
  short_codes.codes = short_codes.codes.narrow(0, 0, 6).contiguous();
  EXPECT_THROW(dequantize(short_codes, at::kFloat), base::Error);
  QuantizedWeight no_global = quantize(w, scheme_of("nv_fp", 4, 16));
  no_global.global_scale = at::Tensor();
  EXPECT_THROW(dequantize(no_global, at::kFloat), base::Error);
}

/// Checkpoints keep FP8 scales in bfloat16.
TEST(FloatPlanes, MayHaveScalesOfAnyFloatType) {
  QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of("fp", 8, -1));
  w.scale = w.scale.to(at::kBFloat16);
  const float scale = tensor::round_to_bf16(0.8125f / 448.0f);
  EXPECT_EQ(floats_of(dequantize(w, at::kFloat))[3], -448.0f * scale);
}

class FloatTypes : public ::testing::TestWithParam<Scheme> {};

TEST_P(FloatTypes, SameBytesFromOneAndManyThreads) {
  const at::Tensor source = tensor_of(edge_weights(300, 512, 17), 300, 512);
  std::vector<QuantizedWeight> results;
  for (int threads : {1, 4}) {
    const tensor::ThreadControl control(threads);
    QuantizeOptions options;
    options.search = true;
    results.push_back(quantize(source, GetParam(), options));
  }
  EXPECT_EQ(bytes_of(results[0].codes), bytes_of(results[1].codes));
  EXPECT_EQ(bytes_of(results[0].scale), bytes_of(results[1].scale));
}

/// What is stored is what was tuned: the snapshot's numbers are the fake-quantized weight.
TEST_P(FloatTypes, SnapshotsDequantizeToTheTunedWeight) {
  const at::Tensor source = tensor_of(edge_weights(24, 96, 17), 24, 96);
  const auto tuner = data_type(GetParam()).tuner(source, GetParam(), {});
  const RowRange all{0, tuner->rows()};
  std::vector<float> gradient = TuningCase::gradients(24 * 96, 5), wq(gradient.size());
  tuner->start(all);
  tuner->sign_step(all, gradient.data(), {0.3f, 0.1f}, wq.data());
  tuner->snapshot(all);
  const std::vector<float> back = floats_of(dequantize(tuner->result(true), at::kBFloat16));
  for (size_t i = 0; i < wq.size(); ++i) ASSERT_EQ(back[i], wq[i]) << i;
}

TEST_P(FloatTypes, WithoutASnapshotTheTunerRounds) {
  const at::Tensor source = tensor_of(edge_weights(24, 96, 17), 24, 96, at::kFloat);
  QuantizeOptions options;
  options.dtype = at::kFloat;
  const auto tuner = data_type(GetParam()).tuner(source, GetParam(), options);
  const RowRange all{0, tuner->rows()};
  std::vector<float> gradient = TuningCase::gradients(24 * 96, 5);
  tuner->start(all);
  tuner->sign_step(all, gradient.data(), {0.3f, 0.1f}, {nullptr, Real::kF32});
  const QuantizedWeight tuned = tuner->result(false), rounded = quantize(source, GetParam(), options);
  EXPECT_EQ(bytes_of(tuned.codes), bytes_of(rounded.codes));
  EXPECT_EQ(bytes_of(tuned.scale), bytes_of(rounded.scale));
}

TEST_P(FloatTypes, TunersTrainRangesOnlyWhenAsked) {
  const at::Tensor source = tensor_of(edge_weights(24, 96, 17), 24, 96);
  QuantizeOptions options;
  EXPECT_EQ(data_type(GetParam()).tuner(source, GetParam(), options)->buffers().size(), 2u);
  options.minmax_tuning = false;
  EXPECT_EQ(data_type(GetParam()).tuner(source, GetParam(), options)->buffers().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Types, FloatTypes,
                         ::testing::Values(scheme_of("mx_fp", 4, 32), scheme_of("mx_fp", 6, 32),
                                           scheme_of("mx_fp", 8, 32), scheme_of("mx_int", 4, 32),
                                           scheme_of("nv_fp", 4, 16), scheme_of("nvfp4_v2", 4, 16),
                                           scheme_of("fp", 8, -1), scheme_of("fp", 8, 0), scheme_of("fp", 8, 32, 16)),
                         [](const auto& info) {
                           const Scheme& s = info.param;
                           return fmt::format("{}_{}_g{}_{}", s.data_type, s.bits,
                                              s.group_size < 0 ? "m1" : std::to_string(s.group_size),
                                              s.group_size_rows);
                         });

}  // namespace
}  // namespace ar::quant::test
