#include "core/base/random.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace {

using ar::base::numpy_permutation;
using ar::base::PythonRandom;

std::vector<int> shuffled(int n, std::uint64_t seed) {
  std::vector<int> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  PythonRandom(seed).shuffle(items);
  return items;
}

// Vectors: CPython's random and NumPy's default_rng.
TEST(PythonRandom, StartsWithPythonsWords) {
  PythonRandom random(42);
  EXPECT_EQ(random.next(), 2746317213U);
  EXPECT_EQ(random.next(), 478163327U);
  EXPECT_EQ(random.next(), 107420369U);
}

TEST(PythonRandom, ShufflesAsPython) {
  EXPECT_EQ(shuffled(10, 42), (std::vector<int>{7, 3, 2, 8, 5, 6, 9, 4, 0, 1}));
  const auto long_list = shuffled(964, 42);
  EXPECT_EQ(std::vector<int>(long_list.begin(), long_list.begin() + 8),
            (std::vector<int>{771, 149, 586, 502, 49, 272, 752, 927}));
}

TEST(PythonRandom, SeedsBeyondOneWord) {
  EXPECT_EQ(PythonRandom(1234567890123456789U).next(), 3668327649U);
  EXPECT_EQ(PythonRandom(0).next(), 3626764237U);
}

TEST(NumpyPermutation, MatchesNumpy) {
  EXPECT_EQ(numpy_permutation(42, 10), (std::vector<std::int64_t>{5, 6, 0, 7, 3, 2, 4, 9, 1, 8}));
  EXPECT_EQ(numpy_permutation(0, 10), (std::vector<std::int64_t>{4, 6, 2, 7, 3, 5, 9, 0, 8, 1}));
}

TEST(NumpyPermutation, MatchesNumpyOnPile10k) {
  const auto order = numpy_permutation(42, 10000);
  EXPECT_EQ(std::vector<std::int64_t>(order.begin(), order.begin() + 4),
            (std::vector<std::int64_t>{8132, 8268, 719, 8237}));
  EXPECT_EQ(std::vector<std::int64_t>(order.end() - 4, order.end()),
            (std::vector<std::int64_t>{4802, 5668, 5729, 9864}));
}

TEST(NumpyPermutation, AcceptsSmallCounts) {
  EXPECT_TRUE(numpy_permutation(42, 0).empty());
  EXPECT_EQ(numpy_permutation(42, 1), std::vector<std::int64_t>{0});
}

}  // namespace
