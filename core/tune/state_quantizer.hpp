#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/quant/static_states.hpp"

namespace ar::tune {

/// Stands in the attentions of one stage during calibration: attention computes with keys and values as an FP8 cache
/// would return them, and the largest of each are remembered. Queries are only looked at, as upstream does. A scale for
/// the pass is taken from the states of the call, so a sample does not see the others.
class StateQuantizer {
 public:
  /// `dtype`: states are rounded to it before they count, the type in which a loader computes them.
  StateQuantizer(quant::StaticStates wanted, std::vector<AttentionSpec> attentions, at::ScalarType dtype);

  /// Attention `id` is an index of the constructor's list. The order of calls does not matter. [any]
  AttentionStates pass(int64_t id, const AttentionStates& states);
  /// Starts keys and values over: their scales then follow from the passes to come. Queries keep the largest of all
  /// passes, as upstream's do.
  void restart_cache();
  /// Stored name and float32 scale, [1] or [heads], of every state that was seen.
  std::vector<std::pair<std::string, at::Tensor>> scales() const;

 private:
  struct Seen {
    at::Tensor query, key, value;  // largest magnitudes, undefined before the first call
  };
  /// The largest of this call; `seen` becomes the largest of all.
  at::Tensor look(const at::Tensor& states, at::Tensor& seen);

  quant::StaticStates wanted_;
  std::vector<AttentionSpec> attentions_;
  at::ScalarType dtype_;
  std::mutex mutex_;  // of seen_
  std::vector<Seen> seen_;
};

}  // namespace ar::tune
