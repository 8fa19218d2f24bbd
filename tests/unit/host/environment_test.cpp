#include "host/environment.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ar::host {
namespace {

TEST(Environment, ReadsTheSearchRatio) {
  ::unsetenv("AR_SEARCH_SCALE_RATIO");
  EXPECT_EQ(search_ratio_from_environment(), 0.75);
  ::setenv("AR_SEARCH_SCALE_RATIO", "0.5", 1);
  EXPECT_EQ(search_ratio_from_environment(), 0.5);
  ::unsetenv("AR_SEARCH_SCALE_RATIO");
}

TEST(Environment, RefusesASearchRatioOutOfRange) {
  for (const char* value : {"0", "1", "-1", "wide", "0.5x"}) {
    ::setenv("AR_SEARCH_SCALE_RATIO", value, 1);
    EXPECT_THROW(search_ratio_from_environment(), base::Error) << value;
  }
  ::unsetenv("AR_SEARCH_SCALE_RATIO");
}

}  // namespace
}  // namespace ar::host
