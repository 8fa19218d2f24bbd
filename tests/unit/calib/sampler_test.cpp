#include "core/calib/sampler.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace {

using ar::base::PythonRandom;
using ar::calib::IndexSampler;
using ar::calib::kept_positions;
using Indices = std::vector<std::size_t>;
using Flags = std::vector<std::uint8_t>;

// Vectors: upstream's IndexSampler after random.seed(42).
TEST(IndexSampler, FollowsUpstreamFromBlockToBlock) {
  PythonRandom random(42);
  for (int block = 0; block < 2; ++block) {
    IndexSampler sampler(128, 8, random);
    std::vector<Indices> steps;
    for (int step = 0; step < 200; ++step) steps.push_back(sampler.next());
    if (block == 0) {
      EXPECT_EQ(steps[0], (Indices{9, 92, 102, 76, 49, 16, 62, 103}));
      EXPECT_EQ(steps[15], (Indices{125, 17, 127, 31, 35, 94, 3, 28}));
      EXPECT_EQ(steps[16], (Indices{84, 89, 5, 35, 127, 97, 82, 81}));
      EXPECT_EQ(steps[199], (Indices{53, 10, 37, 99, 54, 87, 67, 70}));
    } else {
      EXPECT_EQ(steps[0], (Indices{61, 3, 114, 105, 100, 127, 97, 92}));
      EXPECT_EQ(steps[199], (Indices{107, 30, 35, 12, 9, 125, 100, 84}));
    }
  }
}

TEST(IndexSampler, DiscardsTheRemainder) {
  PythonRandom random(42);
  IndexSampler sampler(10, 4, random);
  EXPECT_EQ(sampler.next(), (Indices{7, 3, 2, 8}));
  EXPECT_EQ(sampler.next(), (Indices{5, 6, 9, 4}));
  EXPECT_EQ(sampler.next(), (Indices{8, 6, 2, 5}));
  EXPECT_EQ(sampler.next(), (Indices{3, 0, 4, 7}));
}

TEST(IndexSampler, RefusesAStepLargerThanTheSet) {
  PythonRandom random(42);
  EXPECT_THROW(IndexSampler(3, 4, random), ar::base::Error);
  EXPECT_THROW(IndexSampler(3, 0, random), ar::base::Error);
}

TEST(KeptPositions, DropsPaddingAndTheLast) {
  EXPECT_EQ(kept_positions({5, 0, 6, 0, 0}, 0), (Flags{1, 0, 1, 0, 0}));
  EXPECT_EQ(kept_positions({5, 6, 7}, 0), (Flags{1, 1, 0}));
}

TEST(KeptPositions, DropsTheTrailingRunWithoutAPadToken) {
  EXPECT_EQ(kept_positions({7, 5, 7, 7, 7}, std::nullopt), (Flags{1, 1, 0, 0, 0}));
  EXPECT_EQ(kept_positions({7, 7}, std::nullopt), (Flags{0, 0}));
  EXPECT_TRUE(kept_positions({}, std::nullopt).empty());
}

}  // namespace
