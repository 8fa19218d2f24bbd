#pragma once

#include "core/engine/plan.hpp"
#include "core/engine/unit_result.hpp"

namespace ar::engine {

/// A model's config without what says how its weights were quantized: they are ordinary numbers from here on.
void drop_quantization(model::Config& config);

/// Makes the schemes of a plan those the source's layers are stored with: the most frequent one is the plan's, the
/// others are entries of --layer_config. Refuses (exit 2) a source without quantized layers.
void adopt_stored_schemes(Plan& plan);

/// Tells the user of a quantizing run when nothing about the source's schemes would change: converting then loses
/// nothing.
void advise_conversion(const Plan& plan);

/// The planes of a unit's quantized layers as the source stores them.
UnitResult read_unit(const Plan& plan, const LoadedStage& loaded);

}  // namespace ar::engine
