#pragma once

#include <cstdint>

namespace ar::tensor {

/// Sums are kept in this many interleaved partial sums, whatever the vector length of the machine.
constexpr int64_t kSumLanes = 16;

/// Adds the partial sums as a binary tree. Destroys them.
inline float tree_sum(float (&lanes)[kSumLanes]) {
  for (int64_t width = kSumLanes / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

/// Element k goes to partial sum k mod kSumLanes.
struct LaneSum {
  float lanes[kSumLanes] = {};
  void add(int64_t k, float x) { lanes[k % kSumLanes] += x; }
  float total() { return tree_sum(lanes); }
};

}  // namespace ar::tensor
