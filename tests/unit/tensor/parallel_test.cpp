#include "core/tensor/parallel.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ar::tensor {
namespace {

TEST(Parallel, VisitsEveryIndexOnce) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(1000, [&](int64_t i) { ++seen[static_cast<std::size_t>(i)]; });
  for (const auto& n : seen) EXPECT_EQ(n, 1);
}

TEST(Parallel, CutsChunksWithoutRegardToThreads) {
  std::vector<std::atomic<int64_t>> end_of(10);
  parallel_chunks(10, 4, [&](int64_t begin, int64_t end) { end_of[static_cast<std::size_t>(begin)] = end; });
  EXPECT_EQ(end_of[0], 4);
  EXPECT_EQ(end_of[4], 8);
  EXPECT_EQ(end_of[8], 10);
}

TEST(Parallel, HandsOnAnException) {
  EXPECT_THROW(parallel_for(8, [](int64_t i) { if (i == 5) throw std::runtime_error("five"); }), std::runtime_error);
}

TEST(Parallel, HandsOnTheExceptionOfTheLowestIndex) {
  const ThreadControl threads(3);
  for (int round = 0; round < 200; ++round) {
    try {
      parallel_for(64, [](int64_t i) {
        if (i >= 5) throw std::runtime_error(std::to_string(i));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
      ASSERT_STREQ(e.what(), "5");
    }
  }
}

TEST(Parallel, NestedLoopsFinish) {
  std::atomic<int> n{0};
  parallel_for(8, [&](int64_t) { parallel_for(8, [&](int64_t) { ++n; }); });
  EXPECT_EQ(n, 64);
}

TEST(ThreadControl, ReadsAndChecksTheEnvironment) {
  ::setenv("AR_OMP_NUM_THREADS", "1", 1);
  EXPECT_EQ(ThreadControl().n_threads(), 1);
  ::setenv("AR_OMP_NUM_THREADS", "many", 1);
  EXPECT_THROW(ThreadControl(), base::Error);
  ::unsetenv("AR_OMP_NUM_THREADS");
}

}  // namespace
}  // namespace ar::tensor
