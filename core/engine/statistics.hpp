#pragma once

#include <ATen/core/Tensor.h>

#include "core/engine/stage_loader.hpp"

namespace ar::engine {

/// Whether a stage has layers that ask for calibrated activation ranges or for the importance of their columns.
bool wants_statistics(const Plan& plan, const LoadedStage& loaded);

/// Runs the original stage over a stream [n, T, H] and gives its layers what they asked for: `act_max` and
/// `quantize.importance`. `outputs`, when defined, receives what the stage gives; it may be the stream itself. Samples
/// in parallel; the numbers do not depend on the threads.
void record_statistics(const Plan& plan, LoadedStage& loaded, const at::Tensor& stream, at::Tensor outputs);

/// Scales that layers fused by loaders have to share: the weight's global scale, and the range of their inputs
/// (data_types.md 6.1). After record_statistics.
void share_global_scales(LoadedStage& loaded);

}  // namespace ar::engine
