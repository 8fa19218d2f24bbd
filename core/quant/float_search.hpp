#pragma once

#include "core/quant/float_tuning.hpp"
#include "core/quant/scale_search.hpp"

/// Scale search of optimized RTN (data_types.md 5.5, 6.3): of some factors on a group's largest magnitude the one with
/// the least (weighted) squared error; 1 unless another is strictly better, then the first such.
namespace ar::quant {

/// True for the rules that have a search.
inline bool searches(ScaleRule rule) { return rule == ScaleRule::kMxFloor || rule == ScaleRule::kNv; }

/// Scratch floats that search_factors needs.
int64_t search_scratch(const FloatGrid& grid);

/// Factors of the rows for FloatTuning::init_scale, [rows, groups]; layer.amax is set, layer.global_scale the tensor's
/// own.
void search_factors(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                    float* factors);

namespace reference {
/// The same one element at a time; equal bit for bit.
void search_factors(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                    float* factors);
}  // namespace reference

}  // namespace ar::quant
