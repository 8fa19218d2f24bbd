#include "core/tune/schedule.hpp"

#include <cstring>
#include <map>

#include <gtest/gtest.h>

namespace ar::tune {
namespace {

uint32_t bits(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}

/// Bit patterns of algorithm.md 4.2.
void expect_rates(double lr, int64_t iters, const std::map<int64_t, uint32_t>& expected) {
  LinearSchedule schedule(lr, iters);
  for (int64_t i = 0; i < iters; ++i) {
    const auto it = expected.find(i);
    if (it != expected.end()) {
      EXPECT_EQ(bits(schedule.lr()), it->second) << "iteration " << i << " of " << iters;
    }
    schedule.step();
  }
}

TEST(LinearSchedule, FallsAsUpstreamsChainDoes) {
  expect_rates(1.0 / 200, 200, {{0, 0x3ba3d70a}, {1, 0x3ba30553}, {2, 0x3ba2339c}, {100, 0x3b23d710}, {199, 0x37d1b728}});
  expect_rates(1.0 / 1000, 1000, {{0, 0x3a83126f}, {1, 0x3a82f0e1}, {2, 0x3a82cf53}, {500, 0x3a03124a}, {999, 0x35863796}});
  expect_rates(5e-3, 50, {{0, 0x3ba3d70a}, {1, 0x3ba0902e}, {2, 0x3b9d4952}});
}

}  // namespace
}  // namespace ar::tune
