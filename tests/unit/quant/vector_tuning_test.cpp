#include <vector>

#include <gtest/gtest.h>

#include "core/quant/vector_tuning.hpp"
#include "tests/unit/quant/vectors.hpp"

namespace ar::quant::test {
namespace {

class OracleVector : public ::testing::TestWithParam<std::string> {};

TEST_P(OracleVector, ForwardAndGradientAreUpstreams) {
  const Vectors& vectors = Vectors::all();
  const auto at = [](const char* tensor) { return GetParam() + "/" + tensor; };
  const auto bytes = vectors.raw<char>(at("w"));
  const tensor::ConstReals w{bytes.data(), vectors.type(at("w"))};
  const auto v = vectors.floats(at("v")), u = vectors.floats(at("u"));
  const auto n = static_cast<int64_t>(v.size());
  const VectorGrid grid = vector_grid(w, n, ScaleType::kF16);
  EXPECT_EQ(grid.scale, vectors.floats(at("scale"))[0]);
  EXPECT_EQ(grid.zero, vectors.floats(at("zero"))[0]);
  std::vector<float> wq(v.size()), dv(v.size());
  vector_fake_quant(grid, w, v.data(), n, wq.data());
  EXPECT_EQ(wq, vectors.floats(at("wq")));
  vector_gradient(grid, w, v.data(), u.data(), n, true, dv.data());
  EXPECT_EQ(dv, vectors.floats(at("dv")));
}

INSTANTIATE_TEST_SUITE_P(Vectors, OracleVector, ::testing::ValuesIn(Vectors::cases("vector-")),
                         [](const auto& info) { return test_name(info.param); });

}  // namespace
}  // namespace ar::quant::test
