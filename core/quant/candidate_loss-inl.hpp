// The loss of one candidate of the scale search, in the order of summation of the reference. Compiled once per
// instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_CANDIDATE_LOSS_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_CANDIDATE_LOSS_INL_
#undef AR_QUANT_CANDIDATE_LOSS_INL_
#else
#define AR_QUANT_CANDIDATE_LOSS_INL_
#endif

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

/// (2^16 + 1) * x, minus x, taken from it again leaves the upper 8 bits of x, rounded to nearest; ties go to even if x
/// has at most 16 bits. Nothing here may leave the range of float32.
constexpr float kNarrowing = 0x1p16f + 1.0f;
HWY_INLINE VF narrowed_short(VF x) {
  const VF high = hn::Mul(x, set(kNarrowing));
  return hn::Sub(high, hn::Sub(high, x));
}

/// A bfloat16 factor and its products with others, rounded to bfloat16.
struct NarrowFactor {
  VF x, high;
  HWY_INLINE explicit NarrowFactor(VF factor) : x(factor), high(hn::Mul(factor, set(kNarrowing))) {}
  HWY_INLINE VF times(VF y) const {
    const VF product = hn::Mul(high, y);
    return hn::Sub(product, hn::NegMulAdd(x, y, product));
  }
};

/// The weights of a group's elements, one after the other.
struct Weights {
  float one = 1.0f;
  const float* from;
  int64_t step;
  HWY_INLINE explicit Weights(const SearchGroup& group)
      : from(group.weights == nullptr ? &one : group.weights), step(group.weights == nullptr ? 0 : 1) {}
  Weights(const Weights&) = delete;
  HWY_INLINE VF at(int64_t k) const { return set(from[k * step]); }
};

/// Codes and errors of one element for a vector of candidates.
template <bool kNarrow>
struct Candidates {
  NarrowFactor inverse, scale;
  VF low, high;
  HWY_INLINE Candidates(VF inverses, VF scales, float half)
      : inverse(inverses), scale(scales), low(set(-half)), high(set(half - 1)) {}
  HWY_INLINE VF squared_error(VF w) const {
    VF error;
    if constexpr (kNarrow) {
      const VF level = hn::Min(hn::Max(hn::Round(inverse.times(w)), low), high);
      error = narrowed_short(hn::Sub(scale.times(level), w));
    } else {
      const VF level = hn::Min(hn::Max(hn::Round(hn::Mul(inverse.x, w)), low), high);
      error = hn::Sub(hn::Mul(scale.x, level), w);
    }
    return hn::Mul(error, error);
  }
};

/// candidate_loss for a vector of candidates: equal losses in the range of usual_range (pruned_search.hpp).
template <bool kNarrow>
HWY_INLINE VF candidate_losses(const SearchGroup& group, VF inverses, VF scales) {
  const Candidates<kNarrow> candidates(inverses, scales, group.half);
  const Weights weights(group);
  const auto term = [&](int64_t k)
                        HWY_ATTR { return hn::Mul(candidates.squared_error(set(group.w[k])), weights.at(k)); };
  alignas(64) float sums[kSumLanes][kSumLanes];
  for (int64_t k = 0; k < kSumLanes; ++k) store(term(k), sums[k]);
  for (int64_t k = kSumLanes; k < group.padded; ++k) add_to(term(k), sums[k % kSumLanes]);
  for (int64_t width = kSumLanes / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i) add_to(load(sums[i + width]), sums[i]);
  return load(sums[0]);
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
