#include "core/quant/scale_search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/tensor/lane_sum.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/scale_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/candidate_loss-inl.hpp"
#include "core/quant/pruned_search-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// extreme_of of search_math.hpp.
HWY_INLINE float extreme_element(const SearchGroup& group) {
  const F32 d;
  VF most = hn::Zero(d);
  for (int64_t k = 0; k < group.padded; k += hn::Lanes(d)) most = hn::Max(most, hn::Abs(load(group.w + k)));
  most = hn::MaxOfLanes(d, most);
  for (int64_t k = 0; k < group.padded; k += hn::Lanes(d)) {
    const intptr_t first = hn::FindFirstTrue(d, hn::Eq(hn::Abs(load(group.w + k)), most));
    if (first >= 0) return group.w[k + first];
  }
  return group.w[0];
}

template <bool kNarrow>
float best_scale(const SearchGroup& group, const std::vector<float>& divisors, const DivisorOrder& order) {
  const float extreme = extreme_element(group);
  if (extreme == 0.0f) return 0.0f;
  if (order.n > 0 && group.padded <= kMaxPrunedGroup) {
    PrunedSearch<kNarrow> search(group, order);
    if (usual_range(extreme, search.norm())) return search.run(extreme);
  }
  return pick_scale(group, divisors, [&](Candidate c) HWY_ATTR { return candidate_loss<kNarrow>(group, c); });
}

void Search(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
            const Importance& importance, float* scratch, float* scales) {
  const DivisorOrder order(divisors);
  search_rows(grid, weight, rows, importance, scratch, scales, [&](const SearchGroup& group) {
    return group.narrow ? best_scale<true>(group, divisors, order) : best_scale<false>(group, divisors, order);
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(Search);
}

DivisorOrder::DivisorOrder(const std::vector<float>& divisors) {
  const auto count = static_cast<int64_t>(divisors.size());
  if (count < 2 || count > kMaxDivisors || !(*std::min_element(divisors.begin(), divisors.end()) > 0.0f)) return;
  n = count;
  std::iota(rank, rank + n, 0);
  std::sort(rank, rank + n, [&](int32_t a, int32_t b) { return divisors[a] > divisors[b]; });
  for (int64_t j = 0; j < n; ++j) divisor[j] = divisors[static_cast<size_t>(rank[j])];
  std::fill(divisor + n, divisor + kMaxDivisors, divisor[n - 1]);
  std::fill(rank + n, rank + kMaxDivisors, rank[n - 1]);
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
