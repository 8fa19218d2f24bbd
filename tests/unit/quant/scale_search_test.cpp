#include <cmath>
#include <vector>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "core/quant/scale_search.hpp"
#include "core/quant/search_math.hpp"
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
