// What GGUF's types promise beside equal bytes: the worked example of data_types.md 11.5, rounding without stored
// scales, decoding, any number of threads, refusals.
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "core/quant/planes.hpp"
#include "core/tensor/parallel.hpp"
#include "tests/unit/expect_error.hpp"
#include "tests/unit/quant/gguf_block.hpp"

namespace ar::quant::test {
namespace {

at::Tensor matrix(int64_t rows, int64_t cols, const std::vector<float>& pattern) {
  at::Tensor w = at::empty({rows, cols}, at::kFloat);
  for (int64_t i = 0; i < w.numel(); ++i)
    w.mutable_data_ptr<float>()[i] = pattern[static_cast<size_t>(i) % pattern.size()];
  return w;
}

/// The eight weights of data_types.md 11, four times over.
at::Tensor example() {
  return matrix(1, 32, {0.109375f, -0.34375f, 0.625f, -0.8125f, 0.046875f, 0.4375f, -0.21875f, 0.734375f});
}

at::Tensor random_matrix(int64_t rows, int64_t cols) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> w(static_cast<size_t>(rows * cols));
  for (float& x : w) x = normal(random);
  return matrix(rows, cols, w);
}

QuantizeOptions plain(bool from_data) {
  QuantizeOptions options;
  options.scale_type = ScaleType::kF32;
  options.dtype = at::kFloat;
  options.from_data = from_data;
  return options;
}

std::vector<int> repeated(std::vector<int> codes) {
  std::vector<int> all;
  for (int i = 0; i < 4; ++i) all.insert(all.end(), codes.begin(), codes.end());
  return all;
}

const char* const kTypes[] = {"GGUF:Q4_0",   "GGUF:Q4_1",   "GGUF:Q5_0",   "GGUF:Q5_1",   "GGUF:Q8_0",
                              "GGUF:Q2_K_S", "GGUF:Q3_K_S", "GGUF:Q4_K_S", "GGUF:Q5_K_S", "GGUF:Q6_K"};

TEST(GgufExample, Q4_0) {
  const GgufBlock block = our_block(quantize(example(), preset("GGUF:Q4_0"), plain(false)), 32, 0);
  EXPECT_EQ(block.d, 0x2E80);
  EXPECT_EQ(block.codes, repeated({9, 5, 14, 0, 8, 12, 6, 15}));
}

TEST(GgufExample, Q8_0OfTheDataAndOfScheme) {
  const GgufBlock data = our_block(quantize(example(), preset("GGUF:Q8_0"), plain(true)), 32, 0);
  EXPECT_EQ(data.d, 0x1E8D);
  EXPECT_EQ(data.codes, repeated({128 + 17, 128 - 54, 128 + 98, 128 - 127, 128 + 7, 128 + 68, 128 - 34, 128 + 115}));
  const GgufBlock scheme = our_block(quantize(example(), preset("GGUF:Q8_0"), plain(false)), 32, 0);
  EXPECT_EQ(scheme.d, half_bits(0.8125f / 128));
  EXPECT_EQ(scheme.codes, repeated({128 + 17, 128 - 54, 128 + 98, 0, 128 + 7, 128 + 69, 128 - 34, 128 + 116}));
}

TEST(GgufExample, Q4_1) {
  for (bool from_data : {false, true}) {
    const GgufBlock block = our_block(quantize(example(), preset("GGUF:Q4_1"), plain(from_data)), 32, 0);
    EXPECT_EQ(block.d, 0x2E9A);
    EXPECT_EQ(block.m, 0xBA80);
    EXPECT_EQ(block.codes, repeated({9, 5, 14, 0, 8, 12, 6, 15}));
  }
}

/// Blocks that a division would not survive: all zero, and one value throughout.
TEST(GgufFromData, KeepsConstantBlocks) {
  for (const char* type : {"GGUF:Q4_0", "GGUF:Q4_1", "GGUF:Q5_0", "GGUF:Q5_1", "GGUF:Q8_0"})
    for (float value : {0.0f, 0.25f, -3.0f}) {
      SCOPED_TRACE(std::string(type) + " of " + std::to_string(value));
      const QuantizedWeight w = quantize(matrix(2, 64, {value}), preset(type), plain(true));
      const at::Tensor back = dequantize(w, at::kFloat);
      for (int64_t i = 0; i < back.numel(); ++i)
        ASSERT_NEAR(back.const_data_ptr<float>()[i], value, std::fabs(value) * 0x1p-20f);
    }
}

/// Squared error relative to the weight's squares.
double relative_error(const at::Tensor& w, const at::Tensor& back) {
  double error = 0, energy = 0;
  for (int64_t i = 0; i < w.numel(); ++i) {
    const double x = w.const_data_ptr<float>()[i], e = back.const_data_ptr<float>()[i] - x;
    error += e * e;
    energy += x * x;
  }
  return error / energy;
}

TEST(GgufTypes, DecodeToWhatTheyRounded) {
  const at::Tensor w = random_matrix(4, 512);
  for (const char* type : kTypes)
    for (bool from_data : {false, true}) {
      const Scheme scheme = preset(type);
      const double error = relative_error(w, dequantize(quantize(w, scheme, plain(from_data)), at::kFloat));
      // A uniform grid of 2^bits levels over about 4.5 standard deviations. Scheme rounding of Q4_1 and Q5_1 rounds to
      // multiples of the scale first and to the file's grid, which is shifted against them, after that: as upstream.
      const double step = 4.5 / std::pow(2.0, scheme.bits);
      const bool twice = scheme.data_type == "int_asym_float_zp" && !from_data;
      EXPECT_LT(error, step * step / 12 * (twice ? 2.5 : 1.5)) << type << (from_data ? " of the data" : "");
      EXPECT_GT(error, 0.0) << type;
    }
}

bool same_planes(const QuantizedWeight& a, const QuantizedWeight& b) {
  const auto same = [](const at::Tensor& x, const at::Tensor& y) {
    return !x.defined() || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
  };
  return same(a.codes, b.codes) && same(a.scale, b.scale) && same(a.zero_point, b.zero_point) &&
         same(a.super_scale, b.super_scale) && same(a.super_min, b.super_min) && same(a.scale_codes, b.scale_codes) &&
         same(a.min_codes, b.min_codes);
}

TEST(GgufTypes, GiveTheSameBytesOnAnyNumberOfThreads) {
  const at::Tensor w = random_matrix(700, 512);
  for (const char* type : kTypes)
    for (bool from_data : {false, true}) {
      const auto round = [&](int n_threads) {
        const tensor::ThreadControl threads(n_threads);
        return quantize(w, preset(type), plain(from_data));
      };
      EXPECT_TRUE(same_planes(round(1), round(3))) << type;
    }
}

at::Tensor uneven_importance(int64_t cols) {
  at::Tensor importance = at::empty({cols}, at::kFloat);
  for (int64_t i = 0; i < cols; ++i) importance.mutable_data_ptr<float>()[i] = 1.0f + static_cast<float>(i * 7 % 13);
  return importance;
}

const at::Tensor& scales_of(const QuantizedWeight& w) { return w.scale_codes.defined() ? w.scale_codes : w.scale; }

/// The same integers elsewhere train their ranges, as upstream does.
TEST(GgufTypes, OtherIntegersDoNotTuneFromASearch) {
  const Scheme scheme = preset("GGUF:Q4_0");
  EXPECT_FALSE(data_type(scheme).tunes_from_search(scheme, ScaleType::kF16));
  EXPECT_FALSE(data_type(preset("W4A16")).tunes_from_search(preset("W4A16"), ScaleType::kF32));
}

/// Tuning starts where optimized RTN ends, and moves the offsets alone.
TEST(GgufTypes, TuneFromTheSearchedScales) {
  const at::Tensor w = random_matrix(6, 512);
  QuantizeOptions options = plain(false);
  options.search = true;
  options.importance = uneven_importance(512);
  for (const char* type : {"GGUF:Q4_0", "GGUF:Q5_0", "GGUF:Q8_0", "GGUF:Q4_1", "GGUF:Q5_1", "GGUF:Q2_K_S",
                           "GGUF:Q3_K_S", "GGUF:Q4_K_S", "GGUF:Q5_K_S", "GGUF:Q6_K"}) {
    const Scheme scheme = preset(type);
    const DataType& data_type = quant::data_type(scheme);
    ASSERT_TRUE(data_type.tunes_from_search(scheme, options.scale_type)) << type;
    const auto tuner = data_type.tuner(w, scheme, options);
    ASSERT_EQ(tuner->buffers().size(), 1u) << type;
    at::Tensor wq = at::empty_like(w), gradient = at::empty_like(w);
    for (const RowRange rows : {RowRange{4, 6}, RowRange{0, 4}}) tuner->start(rows);
    const QuantizedWeight searched = quantize(w, scheme, options);
    EXPECT_TRUE(same_planes(tuner->result(false), searched)) << type;
    tuner->snapshot({0, 6});
    EXPECT_TRUE(same_planes(tuner->result(true), searched)) << type;

    gradient.fill_(1.0);
    const auto step = [&] { tuner->sign_step({0, 6}, reals_of(gradient), {0.3f, 0.3f}, mutable_reals_of(wq)); };
    step();
    step();
    tuner->snapshot({0, 6});
    const QuantizedWeight tuned = tuner->result(true);
    EXPECT_FALSE(same_planes(tuned, searched)) << type;
    EXPECT_EQ(std::memcmp(scales_of(tuned).const_data_ptr(), scales_of(searched).const_data_ptr(),
                          scales_of(searched).nbytes()),
              0)
        << type;
    EXPECT_LT(dequantize(tuned, at::kFloat).sum().item<float>(), dequantize(searched, at::kFloat).sum().item<float>());
  }
}

TEST(GgufTypes, RefuseShapesAndSizesTheyDoNotHave) {
  const auto refused = [](const char* part, int64_t cols, const Scheme& scheme, bool from_data) {
    ar::test::expect_error(base::Exit::kUsage, {part},
                           [&] { quantize(random_matrix(2, cols), scheme, plain(from_data)); });
  };
  refused("in_features 320", 320, preset("GGUF:Q4_K_S"), false);
  Scheme scheme = preset("GGUF:Q4_K_S");
  scheme.group_size = 64;
  refused("group_size 64", 512, scheme, false);
  scheme = preset("GGUF:Q6_K");
  scheme.super_bits = 4;
  refused("super_bits 4", 512, scheme, false);
  scheme = preset("GGUF:Q3_K_S");
  scheme.super_group_size = 8;
  refused("super_group_size 8", 512, scheme, false);
  scheme = preset("GGUF:Q4_0");
  scheme.group_size = 64;
  refused("groups of 64", 512, scheme, true);
}

TEST(GgufTypes, RefuseImportanceOfAnotherWidth) {
  QuantizeOptions options = plain(false);
  options.search = true;
  options.importance = at::empty({511}, at::kFloat);
  ar::test::expect_error(base::Exit::kFailed, {"importance has 511 values", "512 columns"},
                         [&] { quantize(random_matrix(2, 512), preset("GGUF:Q4_K_S"), options); });
}

}  // namespace
}  // namespace ar::quant::test
