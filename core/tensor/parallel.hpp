#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace ar::tensor {

/// Sets the number of threads of the whole program and keeps LibTorch single-threaded inside: every parallel loop is
/// ours, over shapes that do not depend on the thread count, so results do not either (docs/architecture.md).
/// 0 = AR_OMP_NUM_THREADS, else all cores. [main], before the first tensor operation.
class ThreadControl {
 public:
  explicit ThreadControl(int n_threads = 0);
  ~ThreadControl();
  ThreadControl(const ThreadControl&) = delete;
  ThreadControl& operator=(const ThreadControl&) = delete;
  int n_threads() const { return n_threads_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  int n_threads_;
};

/// Calls body(i) for i in [0, count), one task each, and waits. The exception of the lowest i is rethrown, whichever came
/// first. A thread that waits in a nested loop takes no task of an outer one: autograd's thread-local state and
/// per-thread scratch stay its own.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

/// Calls body(begin, end) on consecutive chunks of `chunk` items (the last may be shorter).
void parallel_chunks(int64_t count, int64_t chunk, const std::function<void(int64_t, int64_t)>& body);

}  // namespace ar::tensor
