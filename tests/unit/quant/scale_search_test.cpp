#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "core/quant/scale_search.hpp"
#include "core/quant/search_math.hpp"
#include "tests/unit/quant/every_target.hpp"
#include "tests/unit/quant/vectors.hpp"

namespace ar::quant::test {
namespace {

at::Tensor tensor_of(const std::string& name, at::ScalarType type) {
  at::Tensor t = at::empty(Vectors::all().shape(name), type);
  const auto bytes = Vectors::all().raw<char>(name);
  std::copy(bytes.begin(), bytes.end(), static_cast<char*>(t.mutable_data_ptr()));
  return t;
}

TEST(SearchDivisors, CoverUpstreamsRange) {
  const auto four = search_divisors(4, 0.75);
  ASSERT_EQ(four.size(), 201u);
  EXPECT_EQ(four[0], 8.0f);
  EXPECT_FLOAT_EQ(four[1], 14.0f);
  EXPECT_FLOAT_EQ(four.back(), 2.0f);
  const auto two = search_divisors(2, 0.75);
  ASSERT_EQ(two.size(), 181u);
  EXPECT_FLOAT_EQ(two[1], 2.9f);
  EXPECT_FLOAT_EQ(two.back(), 1.1f);
  EXPECT_EQ(search_divisors(4, 0.9).size(), 199u);  // the quotient falls just short of 100
}

/// Groups of every kind in one matrix, a short one at the end of each row.
std::vector<float> groups_of(const IntGrid& grid, std::mt19937& random) {
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> w(static_cast<size_t>(grid.rows * grid.cols));
  for (int64_t i = 0; i < grid.rows * grid.cols; ++i) {
    const int64_t row = i / grid.cols, column = i % grid.cols;
    float x = normal(random);
    switch (row % 16) {
      case 1: x = 0.0f; break;
      case 2: x = 0.375f; break;
      case 3: x = column % 2 == 0 ? 0.25f : -0.25f; break;
      case 4: x = static_cast<float>(static_cast<int>(random() % 9) - 4) / 8.0f; break;  // ties
      case 5: x = column % 32 == 7 ? 50.0f * x : x; break;                               // outliers
      case 6: x = column % 32 == 7 ? 1.0f : 0.0f; break;
      case 7: x = std::ldexp(1.0f, static_cast<int>(random() % 24) - 20); break;
      case 8: x *= 0x1p-120f; break;
      case 9: x *= 0x1p110f; break;
      case 10: x *= 0x1p-142f; break;  // subnormal
      case 11: x = column % 32 < 16 ? x : x * 0x1p-130f; break;
      case 12: x = std::fabs(x); break;
      case 13: x *= column % 3 == 0 ? 0x1p-39f : 0x1p-44f; break;
      default: break;
    }
    w[static_cast<size_t>(i)] = x;
  }
  return w;
}

std::vector<float> importance_of(int kind, int64_t cols, std::mt19937& random) {
  std::vector<float> importance(static_cast<size_t>(cols));
  std::normal_distribution<float> normal;
  for (float& x : importance) {
    x = std::fabs(normal(random));
    if (kind == 2) x = std::exp(6.0f * normal(random));  // a few columns decide
    if (kind == 3 && random() % 4 == 0) x = 0.0f;
    if (kind == 4) x *= 0x1p-100f;
  }
  return importance;
}

TEST(ScaleSearch, FindsWhatTryingEveryCandidateFinds) {
  std::mt19937 random(3);
  for (int bits : {2, 3, 4, 5, 8})
    for (int64_t group : {32, 48, 128})
      for (int kind = 0; kind < 5; ++kind) {
        SCOPED_TRACE(std::to_string(bits) + " bits, group " + std::to_string(group) + ", " + std::to_string(kind));
        Scheme scheme;
        scheme.bits = bits;
        scheme.group_size = group;
        const IntGrid grid = make_grid(scheme, 16, 2 * group + 24);
        const std::vector<float> w = groups_of(grid, random);
        std::vector<tensor::Bf16> narrow(w.size());
        std::transform(w.begin(), w.end(), narrow.begin(), tensor::to_bf16);
        const std::vector<float> values = importance_of(kind, grid.cols, random);
        const Importance importance = kind == 0 ? Importance() : Importance(values.data(), grid);
        const auto divisors = search_divisors(bits, 0.75);
        std::vector<float> scratch(static_cast<size_t>(2 * padded_group(grid)));
        std::vector<float> fast(static_cast<size_t>(grid.rows * grid.groups())), plain(fast.size());
        for (const tensor::ConstReals from : {tensor::ConstReals(w.data()), tensor::ConstReals(narrow.data())}) {
          reference::search_scales(grid, from, {0, grid.rows}, divisors, importance, scratch.data(), plain.data());
          on_every_target([&] {
            search_scales(grid, from, {0, grid.rows}, divisors, importance, scratch.data(), fast.data());
            EXPECT_EQ(fast, plain);
          });
        }
      }
}

TEST(ScaleSearch, TakesAnyRange) {
  std::mt19937 random(4);
  Scheme scheme;
  scheme.group_size = 32;
  const IntGrid grid = make_grid(scheme, 16, 128);
  const std::vector<float> w = groups_of(grid, random);
  std::vector<float> scratch(64), fast(static_cast<size_t>(grid.rows * grid.groups())), plain(fast.size());
  for (double ratio : {0.1, 0.5, 0.9, 1.25}) {  // the last one reaches below zero
    const auto divisors = search_divisors(4, ratio);
    search_scales(grid, w.data(), {0, grid.rows}, divisors, {}, scratch.data(), fast.data());
    reference::search_scales(grid, w.data(), {0, grid.rows}, divisors, {}, scratch.data(), plain.data());
    EXPECT_EQ(fast, plain) << ratio;
  }
}

TEST(ScaleSearch, TakesLongGroups) {
  std::mt19937 random(5);
  Scheme scheme;
  scheme.group_size = -1;
  for (int64_t cols : {5000, 70000}) {
    const IntGrid grid = make_grid(scheme, 2, cols);
    const std::vector<float> w = groups_of(grid, random);
    const std::vector<float> values = importance_of(2, cols, random);
    std::vector<float> scratch(static_cast<size_t>(2 * padded_group(grid))), fast(2), plain(2);
    const auto divisors = search_divisors(4, 0.75);
    search_scales(grid, w.data(), {0, 2}, divisors, {values.data(), grid}, scratch.data(), fast.data());
    reference::search_scales(grid, w.data(), {0, 2}, divisors, {values.data(), grid}, scratch.data(), plain.data());
    EXPECT_EQ(fast, plain) << cols;
  }
}

class OracleSearch : public ::testing::TestWithParam<std::string> {
 protected:
  const Vectors& vectors_ = Vectors::all();
  std::string at_(const char* tensor) const { return GetParam() + "/" + tensor; }
};

TEST_P(OracleSearch, FindsUpstreamsScales) {
  const auto meta = meta_of(GetParam());
  const bool f32 = vectors_.type(at_("w")) == tensor::Real::kF32;
  QuantizeOptions options;
  options.search = true;
  options.dtype = f32 ? at::kFloat : at::kBFloat16;
  if (vectors_.has(at_("importance"))) options.importance = tensor_of(at_("importance"), at::kFloat);
  const QuantizedWeight w = quantize(tensor_of(at_("w"), options.dtype), meta.scheme, options);
  const auto expected = vectors_.floats(at_("scale"));
  const auto codes = vectors_.raw<uint8_t>(at_("codes"));
  const auto* scale = static_cast<const uint16_t*>(w.scale.const_data_ptr());
  const int64_t groups = w.scale.size(1);
  at::Tensor half = at::empty({1}, at::kHalf);
  for (int64_t i = 0; i < w.out * w.in; ++i) {
    const int64_t group = i / w.in * groups + i % w.in / meta.scheme.group_size;
    half.fill_(expected[static_cast<size_t>(group)]);
    ASSERT_EQ(scale[group], *static_cast<const uint16_t*>(half.const_data_ptr())) << "group " << group;
    ASSERT_EQ(w.codes.const_data_ptr<uint8_t>()[i], codes[static_cast<size_t>(i)]) << "element " << i;
  }
}

TEST_P(OracleSearch, KernelEqualsReference) {
  const auto meta = meta_of(GetParam());
  const auto& shape = vectors_.shape(at_("w"));
  const IntGrid grid = make_grid(meta.scheme, shape[0], shape[1]);
  const auto bytes = vectors_.raw<char>(at_("w"));
  const tensor::ConstReals w{bytes.data(), vectors_.type(at_("w"))};
  std::vector<float> importance_values;
  Importance importance;
  if (vectors_.has(at_("importance"))) {
    importance_values = vectors_.floats(at_("importance"));
    importance = Importance(importance_values.data(), grid);
  }
  const auto divisors = search_divisors(grid.bits, 0.75);
  std::vector<float> scratch(static_cast<size_t>(2 * padded_group(grid)));
  std::vector<float> fast(static_cast<size_t>(grid.rows * grid.groups())), plain(fast.size());
  search_scales(grid, w, {0, grid.rows}, divisors, importance, scratch.data(), fast.data());
  reference::search_scales(grid, w, {0, grid.rows}, divisors, importance, scratch.data(), plain.data());
  EXPECT_EQ(fast, plain);
}

INSTANTIATE_TEST_SUITE_P(Vectors, OracleSearch, ::testing::ValuesIn(Vectors::cases("search-")),
                         [](const auto& info) { return test_name(info.param); });

}  // namespace
}  // namespace ar::quant::test
