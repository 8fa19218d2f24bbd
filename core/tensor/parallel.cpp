#include "core/tensor/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>

#include <ATen/Parallel.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "core/base/error.hpp"
#include "core/tensor/hand_over.hpp"

namespace ar::tensor {
namespace {

int wanted_threads(int n_threads) {
  if (n_threads > 0) return n_threads;
  if (const char* text = std::getenv("AR_OMP_NUM_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end != '\0' || n < 1 || n > 4096) base::refuse("AR_OMP_NUM_THREADS={}: must be an integer from 1 to 4096", text);
    return static_cast<int>(n);
  }
  return std::max(1, static_cast<int>(tbb::this_task_arena::max_concurrency()));
}

/// One parallel loop, on the stack of the thread that asked for it.
class Loop {
 public:
  explicit Loop(const std::function<void(int64_t)>& body) : body_(body) { start_.give(); }

  void run(int64_t begin, int64_t stop) {
    start_.take();
    for (int64_t i = begin; i != stop && i < failed_; ++i) one(i);
    end_.give();
  }

  /// Of several failures the one that a serial loop would meet.
  void finish() {
    end_.take();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void one(int64_t i) {
    try {
      body_(i);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (i >= failed_) return;
      failed_ = i;
      error_ = std::current_exception();
    }
  }

  const std::function<void(int64_t)>& body_;
  HandOver start_, end_;
  std::atomic<int64_t> failed_{std::numeric_limits<int64_t>::max()};  // nothing beyond it need be done
  std::mutex mutex_;
  std::exception_ptr error_;
};

/// What TBB copies from thread to thread. ThreadSanitizer does not see how, so the copy is read unseen by it.
struct Task {
  Loop* loop;
  __attribute__((no_sanitize_thread)) void operator()(const tbb::blocked_range<int64_t>& range) const {
    loop->run(range.begin(), range.end());
  }
};

}  // namespace

struct ThreadControl::State {
  explicit State(int n) : control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(n)) {}
  tbb::global_control control;
};

ThreadControl::ThreadControl(int n_threads) : n_threads_(wanted_threads(n_threads)) {
  state_ = std::make_unique<State>(n_threads_);
  at::set_num_threads(1);
}
ThreadControl::~ThreadControl() = default;

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  if (count == 1) return body(0);
  Loop loop(body);
  tbb::this_task_arena::isolate(
      [&] { tbb::parallel_for(tbb::blocked_range<int64_t>(0, count, 1), Task{&loop}, tbb::simple_partitioner()); });
  loop.finish();
}

void parallel_chunks(int64_t count, int64_t chunk, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t n_chunks = (count + chunk - 1) / chunk;
  parallel_for(n_chunks, [&](int64_t i) { body(i * chunk, std::min(count, (i + 1) * chunk)); });
}

}  // namespace ar::tensor
