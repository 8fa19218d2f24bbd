#include "core/quant/float_search.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/float_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/float_group-inl.hpp"
#include "core/quant/float_search_math.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// Squared error of a group under one scale, in float32 throughout.
HWY_INLINE float group_loss(const FloatTuning& layer, const FloatSearchGroup& group, const GroupScale& scale) {
  const Elements elements(layer, scale);
  alignas(64) float lanes[kSumLanes] = {};
  for (int64_t k = 0; k < group.padded; k += kSumLanes)
    for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
      const VF w = load(group.w + k + j);
      const VF error = hn::Sub(hn::Mul(elements.format.round(elements.quotient(w)), elements.out), w);
      VF loss = hn::Mul(error, error);
      if (group.weights != nullptr) loss = hn::Mul(loss, load(group.weights + k + j));
      add_to(loss, lanes + j);
    }
  return tree_sum_lanes(lanes);
}

void FloatSearch(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                 float* factors) {
  search_groups(layer, rows, importance, scratch, factors, [&](const FloatSearchGroup& group, float amax) {
    return pick_factor(layer, amax, [&](const GroupScale& scale) HWY_ATTR { return group_loss(layer, group, scale); });
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(FloatSearch);
}

int64_t search_scratch(const FloatGrid& grid) {
  return 2 * ((grid.group + tensor::kSumLanes - 1) / tensor::kSumLanes * tensor::kSumLanes);
}

void search_factors(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                    float* factors) {
  HWY_DYNAMIC_DISPATCH(FloatSearch)(layer, rows, importance, scratch, factors);
}

namespace reference {

void search_factors(const FloatTuning& layer, RowRange rows, const Importance& importance, float* scratch,
                    float* factors) {
  search_groups(layer, rows, importance, scratch, factors, [&](const FloatSearchGroup& group, float amax) {
    return pick_factor(layer, amax, [&](const GroupScale& scale) {
      tensor::LaneSum loss;
      for (int64_t k = 0; k < group.padded; ++k) {
        const float level = round_to(layer.grid.kind.element, group.w[k] * scale.in);
        const float error = level * scale.out - group.w[k];
        loss.add(k, group.weights == nullptr ? error * error : error * error * group.weights[k]);
      }
      return loss.total();
    });
  });
}

}  // namespace reference
}  // namespace ar::quant
#endif
