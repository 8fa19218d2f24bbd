#pragma once

#include <cstdint>

namespace ar::tune {

/// Learning rate falling linearly to 0 over `iters` steps, chained in float32 as upstream does (algorithm.md 4.2):
/// lr_0 = f32(lr), lr_k = f32(lr_{k-1} * f32(1 - 1 / (iters - k + 1))).
class LinearSchedule {
 public:
  LinearSchedule(double lr, int64_t iters) : lr_(static_cast<float>(lr)), iters_(iters) {}
  float lr() const { return lr_; }
  void step() {
    ++k_;
    lr_ *= static_cast<float>(1.0 - 1.0 / static_cast<double>(iters_ - k_ + 1));
  }

 private:
  float lr_;
  int64_t iters_;
  int64_t k_ = 0;
};

}  // namespace ar::tune
