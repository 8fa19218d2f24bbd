#include "common/real.hpp"

#include <gtest/gtest.h>

namespace ar::formats {
namespace {

TEST(Float16, EveryValueSurvivesTheWayThroughFloat32) {
  for (uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float x = f16_to_f32(half);
    if (std::isnan(x))
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(x))));
    else
      ASSERT_EQ(f32_to_f16(x), half) << bits;
  }
}

TEST(Float16, RoundsToNearestWithTiesToEven) {
  for (uint16_t half = 0; half < 0x7BFFU; ++half) {
    const float low = f16_to_f32(half);
    const float high = f16_to_f32(static_cast<uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;
    const auto even = static_cast<uint16_t>(half + (half & 1U));
    ASSERT_EQ(f32_to_f16(middle), even);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, low)), half);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, high)), half + 1);
    ASSERT_EQ(f32_to_f16(-middle), even | 0x8000U);
  }
}

TEST(Float16, BecomesInfinityFrom65520) {
  EXPECT_EQ(f32_to_f16(65519.996F), 0x7BFFU);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7C00U);
  EXPECT_EQ(f32_to_f16(-INFINITY), 0xFC00U);
}

}  // namespace
}  // namespace ar::formats
