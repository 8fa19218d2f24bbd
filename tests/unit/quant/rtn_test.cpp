#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/quant/data_type.hpp"
#include "core/quant/planes.hpp"
#include "core/tensor/elementwise.hpp"
#include "core/tensor/parallel.hpp"
#include "tests/unit/quant/tuning_case.hpp"

namespace ar::quant::test {
namespace {

at::Tensor tensor_of(const std::vector<float>& x, int64_t out, int64_t in, at::ScalarType type = at::kBFloat16) {
  at::Tensor t = at::empty({out, in}, at::kFloat);
  std::copy(x.begin(), x.end(), t.mutable_data_ptr<float>());
  return t.to(type);
}

Scheme scheme_of(int bits, bool sym, int64_t group_size) {
  Scheme scheme;
  scheme.bits = bits;
  scheme.sym = sym;
  scheme.group_size = group_size;
  return scheme;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.nbytes() == b.nbytes() && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

/// The worked example of data_types.md 11.1.
const std::vector<float> kExample{0.109375f, -0.34375f, 0.625f, -0.8125f, 0.046875f, 0.4375f, -0.21875f, 0.734375f};

TEST(Rtn, SymmetricExample) {
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of(4, true, 8));
  EXPECT_EQ(w.scale.to(at::kFloat).const_data_ptr<float>()[0], 0.1015625f);
  const std::vector<int> levels{1, -3, 6, -8, 0, 4, -2, 7};
  for (size_t i = 0; i < levels.size(); ++i) EXPECT_EQ(w.codes.const_data_ptr<uint8_t>()[i], levels[i] + 8);
  EXPECT_FALSE(w.zero_point.defined());
}

TEST(Rtn, AsymmetricExampleTakesItsRangeInBf16) {
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8), scheme_of(4, false, 8));
  EXPECT_EQ(w.scale.to(at::kFloat).const_data_ptr<float>()[0], 0.10302734375f);
  EXPECT_EQ(w.zero_point.const_data_ptr<float>()[0], 8.0f);
  const std::vector<int> codes{9, 5, 14, 0, 8, 12, 6, 15};
  for (size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(w.codes.const_data_ptr<uint8_t>()[i], codes[i]);
}

TEST(Rtn, Float32RunTakesItsRangeInFloat32) {
  QuantizeOptions options;
  options.dtype = at::kFloat;
  const QuantizedWeight w = quantize(tensor_of(kExample, 1, 8, at::kFloat), scheme_of(4, false, 8), options);
  EXPECT_EQ(w.scale.to(at::kFloat).const_data_ptr<float>()[0], 0.1031494140625f);
}

TEST(Rtn, RoundsOtherTypesToTheTuningDtypeFirst) {
  const auto values = edge_weights(14, 64, 3);
  const Scheme scheme = scheme_of(4, true, 32);
  const at::Tensor half = tensor_of(values, 14, 64, at::kHalf);
  const QuantizedWeight a = quantize(half, scheme), b = quantize(half.to(at::kBFloat16), scheme);
  EXPECT_TRUE(same(a.codes, b.codes));
  EXPECT_TRUE(same(a.scale, b.scale));
}

TEST(Rtn, ZeroGroupGetsTheFloor) {
  const std::vector<float> zeros(32, 0.0f);
  for (bool sym : {true, false}) {
    const QuantizedWeight w = quantize(tensor_of(zeros, 1, 32), scheme_of(4, sym, 32));
    EXPECT_EQ(w.scale.to(at::kFloat).const_data_ptr<float>()[0], 168 * 0x1p-24f);
    EXPECT_EQ(w.codes.const_data_ptr<uint8_t>()[0], sym ? 8 : 0);
  }
}

TEST(Rtn, PositiveSideAndTiesGetANegativeScale) {
  const QuantizedWeight w = quantize(tensor_of({0.5f, -0.5f, 0.25f, 0.0f}, 1, 4), scheme_of(4, true, 4));
  EXPECT_EQ(w.scale.to(at::kFloat).const_data_ptr<float>()[0], -0.0625f);
  EXPECT_EQ(w.codes.const_data_ptr<uint8_t>()[0], 0);   // level -8
  EXPECT_EQ(w.codes.const_data_ptr<uint8_t>()[1], 15);  // level 8, clamped to 7
}

TEST(Rtn, OneGroupATensor) {
  const auto values = edge_weights(12, 20, 5);
  const QuantizedWeight w = quantize(tensor_of(values, 12, 20), scheme_of(8, false, 0));
  EXPECT_EQ(w.scale.sizes(), at::IntArrayRef({1}));
  EXPECT_EQ(w.zero_point.sizes(), at::IntArrayRef({1}));
  EXPECT_EQ(w.codes.sizes(), at::IntArrayRef({12, 20}));
}

TEST(Rtn, ShortLastGroupHasItsOwnScale) {
  const QuantizedWeight w = quantize(tensor_of(edge_weights(12, 80, 5), 12, 80), scheme_of(4, true, 32));
  EXPECT_EQ(w.scale.sizes(), at::IntArrayRef({12, 3}));
}

/// One step: rounding, and the clamped far end (symmetric) or the rounded zero point. Of the up to 2^bits steps of a
/// weight 2^-8 for two roundings of the range to bfloat16, 2^-11 for the scale's to float16, 2^-9 for the value codes
/// come from.
TEST(Rtn, DequantizedWeightIsWithinTheBound) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (bool sym : {true, false}) {
      const at::Tensor source = tensor_of(edge_weights(40, 96, 11), 40, 96);
      const QuantizedWeight w = quantize(source, scheme_of(bits, sym, 32));
      const at::Tensor back = dequantize(w, at::kFloat), original = source.to(at::kFloat),
                       scale = w.scale.to(at::kFloat);
      for (int64_t i = 0; i < 40 * 96; ++i) {
        const float step = std::fabs(scale.const_data_ptr<float>()[i / 96 * 3 + i % 96 / 32]);
        const float bound = (1.0f + (0x1p-8f + 0x1p-9f + 0x1p-11f) * static_cast<float>(1 << bits)) * step;
        ASSERT_NEAR(back.const_data_ptr<float>()[i], original.const_data_ptr<float>()[i], bound) << bits << " " << i;
      }
    }
  }
}

TEST(Rtn, SearchNeverLosesToTheUnsearchedScale) {
  const at::Tensor source = tensor_of(edge_weights(40, 128, 13), 40, 128), original = source.to(at::kFloat);
  QuantizeOptions search;
  search.search = true;
  const auto error = [&](const QuantizeOptions& options) {
    const at::Tensor back = dequantize(quantize(source, scheme_of(3, true, 64), options), at::kFloat);
    const tensor::LossInput input{back.const_data_ptr<float>(), original.const_data_ptr<float>(), 40, 128};
    return tensor::squared_error(input, 0.0f, {nullptr, Real::kF32});
  };
  EXPECT_LT(error(search), error(QuantizeOptions{}));
}

TEST(Rtn, SameBytesFromOneAndManyThreads) {
  const at::Tensor source = tensor_of(edge_weights(300, 512, 17), 300, 512);
  QuantizeOptions options;
  options.search = true;
  std::vector<QuantizedWeight> results;
  for (int threads : {1, 4}) {
    const tensor::ThreadControl control(threads);
    results.push_back(quantize(source, scheme_of(4, true, 128), options));
  }
  EXPECT_TRUE(same(results[0].codes, results[1].codes));
  EXPECT_TRUE(same(results[0].scale, results[1].scale));
}

TEST(Rtn, RefusesBitsItCannotStore) {
  EXPECT_THROW(quantize(tensor_of(kExample, 1, 8), scheme_of(9, true, 8)), base::Error);
  EXPECT_THROW(quantize(tensor_of(kExample, 1, 8), scheme_of(1, true, 8)), base::Error);
}

TEST(FirstNonfinite, FindsNanAndInfinityInEveryType) {
  for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    std::vector<float> x(40, 1.0f);
    EXPECT_EQ(first_nonfinite(tensor_of(x, 1, 40, type)), -1);
    x[33] = std::numeric_limits<float>::infinity();
    EXPECT_EQ(first_nonfinite(tensor_of(x, 1, 40, type)), 33);
    x[7] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(first_nonfinite(tensor_of(x, 1, 40, type)), 7);
  }
}

}  // namespace
}  // namespace ar::quant::test
