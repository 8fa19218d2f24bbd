#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/model_source.hpp"
#include "core/quant/static_states.hpp"

namespace ar::engine {

/// FP8 scales that a model stores for the states of one attention: float32, [1] or one a head; undefined where it
/// has none.
struct StoredStates {
  at::Tensor query, key, value;
};
/// Fails naming a tensor that is neither.
StoredStates read_states(const ModelSource& source, const AttentionSpec& attention);

/// Names of such tensors of a whole model.
std::vector<std::string> state_tensors(const ModelSource& source, const ModelSpec& spec);
std::vector<std::string> state_tensors(const ModelSource& source, const AttentionSpec& attention);

/// The options that would store the same.
quant::StaticStates stored_states(const ModelSource& source, const ModelSpec& spec);

}  // namespace ar::engine
