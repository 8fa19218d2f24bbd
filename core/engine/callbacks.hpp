#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ar::engine {

/// What a run tells while it works. Called from the thread that runs the pipeline.
struct Callbacks {
  /// Before unit `index` of `total` (blocks, then layers outside blocks).
  std::function<void(const std::string& name, int64_t index, int64_t total)> on_unit;
  /// Within a unit: optimizer steps done and the latest loss.
  std::function<void(int64_t iteration, int64_t iters, double loss)> on_step;
  /// After everything.
  std::function<void()> on_done;
};

}  // namespace ar::engine
