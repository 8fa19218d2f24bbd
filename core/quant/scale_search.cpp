#include "core/quant/scale_search.hpp"

#include <algorithm>
#include <cmath>

#include "core/tensor/lane_sum.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/scale_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/search_math.hpp"
#include "core/tensor/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
using namespace tensor::HWY_NAMESPACE;
using tensor::kSumLanes;

template <bool kNarrow>
HWY_INLINE VF narrowed(VF x) {
  if constexpr (kNarrow) return round_to_bf16(x);
  return x;
}

/// Squared error of a group for one candidate. w and weights are padded with zeros to whole blocks.
template <bool kNarrow>
HWY_INLINE float candidate_loss(const SearchGroup& group, Candidate candidate) {
  const F32 d;
  const VF inverse = hn::Set(d, candidate.inverse), scale = hn::Set(d, candidate.scale);
  const VF low = hn::Set(d, -group.half), high = hn::Set(d, group.half - 1);
  alignas(64) float lanes[kSumLanes] = {};
  for (int64_t k = 0; k < group.padded; k += kSumLanes)
    for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(d)) {
      const VF w = load(group.w + k + j);
      const VF level = hn::Min(hn::Max(round_even(narrowed<kNarrow>(hn::Mul(inverse, w))), low), high);
      const VF error = narrowed<kNarrow>(hn::Sub(narrowed<kNarrow>(hn::Mul(scale, level)), w));
      VF loss = hn::Mul(error, error);
      if (group.weights != nullptr) loss = hn::Mul(loss, load(group.weights + k + j));
      add_to(loss, lanes + j);
    }
  return tree_sum_lanes(lanes);
}

float best_scale(const SearchGroup& group, const std::vector<float>& divisors) {
  return group.narrow
             ? pick_scale(group, divisors, [&](Candidate c) HWY_ATTR { return candidate_loss<true>(group, c); })
             : pick_scale(group, divisors, [&](Candidate c) HWY_ATTR { return candidate_loss<false>(group, c); });
}

void Search(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
            const Importance& importance, float* scratch, float* scales) {
  search_rows(grid, weight, rows, importance, scratch, scales,
              [&](const SearchGroup& group) { return best_scale(group, divisors); });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(Search);
}

std::vector<float> search_divisors(int bits, double ratio) {
  const double half = std::ldexp(1.0, bits - 1);
  const double reach = half * ratio;
  const double step = bits == 2 ? 0.01 : reach / 200.0 * 2.0;
  const int64_t count = bits == 2 ? 90 : static_cast<int64_t>(reach / step);
  std::vector<float> divisors{static_cast<float>(half)};
  for (int64_t k = -count; k <= count; ++k)
    if (k != 0) divisors.push_back(static_cast<float>(half - step * static_cast<double>(k)));
  return divisors;
}

void search_scales(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
                   const Importance& importance, float* scratch, float* scales) {
  HWY_DYNAMIC_DISPATCH(Search)(grid, weight, rows, divisors, importance, scratch, scales);
}

namespace reference {

void search_scales(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
                   const Importance& importance, float* scratch, float* scales) {
  search_rows(grid, weight, rows, importance, scratch, scales, [&](const SearchGroup& group) {
    const auto narrow = [&](float x) { return group.narrow ? tensor::round_to_bf16(x) : x; };
    return pick_scale(group, divisors, [&](Candidate candidate) {
      tensor::LaneSum loss;
      for (int64_t k = 0; k < group.padded; ++k) {
        const float code = std::nearbyint(narrow(candidate.inverse * group.w[k]));
        const float level = std::min(std::max(code, -group.half), group.half - 1);
        const float error = narrow(narrow(candidate.scale * level) - group.w[k]);
        loss.add(k, group.weights == nullptr ? error * error : error * error * group.weights[k]);
      }
      return loss.total();
    });
  });
}

}  // namespace reference
}  // namespace ar::quant
#endif
