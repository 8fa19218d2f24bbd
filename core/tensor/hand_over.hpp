#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace ar::tensor {

/// Tells ThreadSanitizer that what one thread did before give() is seen by a thread after take(). TBB guarantees it, in a
/// library that is not instrumented. Nothing in other builds.
class HandOver {
 public:
#if defined(__SANITIZE_THREAD__)
  void give() { __tsan_release(&token_); }
  void take() { __tsan_acquire(&token_); }

 private:
  char token_ = 0;
#else
  void give() {}
  void take() {}
#endif
};

}  // namespace ar::tensor
