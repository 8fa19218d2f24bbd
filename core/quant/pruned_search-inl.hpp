// The scale search without the candidates that cannot win. Compiled once per instruction set (hwy/foreach_target.h), so
// the guard toggles.
//
// With X the norm of a group and N(s) its distance from the nearest multiples of s that the codes allow, both weighted:
// - a candidate of scale s loses at least (keep * N(s) - loose * X)^2, whatever it rounds on the way (SearchSlack);
// - N(c) * (1 + rho) >= N(s) - rho * X with rho = |s / c - 1|: the codes of c with the scale s are no nearer than N(s),
//   and they are off those with the scale c by rho times the quantized group, whose norm is at most X + N(c).
// So a distance rules out the candidates around it. What is left has its loss computed in the reference's order.
#if defined(AR_QUANT_PRUNED_SEARCH_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_PRUNED_SEARCH_INL_
#undef AR_QUANT_PRUNED_SEARCH_INL_
#else
#define AR_QUANT_PRUNED_SEARCH_INL_
#endif

#include <cmath>

#include "core/quant/candidate_loss-inl.hpp"
#include "core/quant/pruned_search.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// Candidates are called by their place in order of falling divisors, that is of growing scales, and are ruled out a
/// span of them at a time.
template <bool kNarrow>
class PrunedSearch {
 public:
  HWY_INLINE PrunedSearch(const SearchGroup& group, const DivisorOrder& order)
      : group_(group), order_(order), slack_(search_slack(group.padded, kNarrow)) {
    VF sum = hn::Zero(F32());
    for (int64_t k = 0; k < group.padded; k += hn::Lanes(F32())) {
      const VF w = load(group.w + k);
      sum = hn::MulAdd(group.weights == nullptr ? w : hn::Mul(w, load(group.weights + k)), w, sum);
    }
    norm_ = std::sqrt(hn::GetLane(hn::SumOfLanes(F32(), sum)));
  }

  float norm() const { return norm_; }

  float run(float extreme) {
    extreme_ = std::fabs(extreme);
    fill_candidates(extreme);
    alignas(64) float center[kSpans], square[kSpans];
    for (int64_t t = 0; t < kSpans; ++t) center[t] = scale_[center_of(t)];
    find_squares(center, kSpans, square);
    const float nearest = least_of(square, kSpans);
    try_place(center_of(first_equal(square, nearest)));
    search_spans(open_spans(center, square), nearest);
    return scale_[best_place_];
  }

 private:
  static constexpr int64_t kSpan = kDivisorSpan;
  static constexpr int64_t kSpans = kMaxDivisors / kSpan;

  HWY_INLINE int64_t center_of(int64_t span) const { return std::min(span, order_.spans() - 1) * kSpan + kSpan / 2; }

  HWY_INLINE void fill_candidates(float extreme) {
    const VF minus_reciprocal = set(-reciprocal(extreme, kNarrow)), one = set(1.0f);
    for (int64_t j = 0; j < order_.spans() * kSpan; j += hn::Lanes(F32())) {
      const VF inverse = narrowed<kNarrow>(hn::Mul(load(order_.divisor + j), minus_reciprocal));
      store(inverse, inverse_ + j);
      store(narrowed<kNarrow>(hn::Div(one, inverse)), scale_ + j);
    }
  }

  /// Squares of N for n growing scales, a number of vectors.
  HWY_INLINE void find_squares(const float* scales, int64_t n, float* squares) const {
    const int64_t lanes = hn::Lanes(F32());
    for (int64_t j = 0; j < n; j += 2 * lanes) {
      const bool two = j + lanes < n, clamp = extreme_ >= (group_.half - 0.75f) * std::fabs(scales[j]);
      if (two)
        clamp ? squares_of<true, true>(scales + j, squares + j) : squares_of<true, false>(scales + j, squares + j);
      else
        clamp ? squares_of<false, true>(scales + j, squares + j) : squares_of<false, false>(scales + j, squares + j);
    }
  }

  /// One vector of them or two; without kClamp no code is out of range.
  template <bool kTwo, bool kClamp>
  HWY_INLINE void squares_of(const float* scales, float* squares) const {
    const int64_t next = kTwo ? hn::Lanes(F32()) : 0;
    const VF whole = set(0x1.8p23f);  // its unit in the last place is 1
    const VF low = set(-group_.half), high = set(group_.half - 1), one = set(1.0f);
    const VF scale = load(scales), next_scale = load(scales + next);
    const VF inverse = hn::Div(one, scale), next_inverse = hn::Div(one, next_scale);
    const auto add = [&](VF w, VF weight, VF by, VF inverted, VF sum) HWY_ATTR {
      VF level = hn::Sub(hn::MulAdd(w, inverted, whole), whole);
      if constexpr (kClamp) level = hn::Min(hn::Max(level, low), high);
      const VF error = hn::MulSub(level, by, w);
      return hn::MulAdd(hn::Mul(error, weight), error, sum);
    };
    const Weights weights(group_);
    VF sum = hn::Zero(F32()), next_sum = sum;
    for (int64_t k = 0; k < group_.padded; ++k) {
      const VF w = set(group_.w[k]), weight = weights.at(k);
      sum = add(w, weight, scale, inverse, sum);
      if constexpr (kTwo) next_sum = add(w, weight, next_scale, next_inverse, next_sum);
    }
    store(sum, squares);
    if constexpr (kTwo) store(next_sum, squares + next);
  }

  HWY_INLINE void try_place(int64_t place) {
    consider(place, candidate_loss<kNarrow>(group_, {inverse_[place], scale_[place]}));
  }

  /// The first in the order of the search wins among equals.
  HWY_INLINE void consider(int64_t place, float loss) {
    if (best_place_ >= 0 &&
        !(loss < best_loss_ || (loss == best_loss_ && order_.rank[place] < order_.rank[best_place_])))
      return;
    best_place_ = place;
    best_loss_ = loss;
    most_ = (std::sqrt(loss) * (1.0f + slack_.rounding) + slack_.loose * norm_) / slack_.keep;
  }

  /// Spans with a candidate that no center rules out. A center rules out the scales above |s| / (1 + reach) and below
  /// |s| / (1 - reach); what two neighbours rule out on either side of a center may meet.
  HWY_INLINE uint32_t open_spans(const float* center, const float* square) const {
    alignas(64) float from[kSpans + 1], to[kSpans + 1];
    const VF one = set(1.0f), zero = hn::Zero(F32());
    for (int64_t t = 0; t < kSpans; t += hn::Lanes(F32())) {
      const VF size = hn::Abs(load(center + t));
      const VF excess = hn::Sub(hn::Sqrt(load(square + t)), set(most_));
      const VF reach = hn::Max(hn::Sub(hn::Div(excess, set(norm_ + most_)), set(slack_.rounding)), zero);
      store(hn::Div(size, hn::Add(one, reach)), from + t);
      store(hn::Div(size, hn::Max(hn::Sub(one, reach), set(slack_.rounding))), to + 1 + t);
    }
    const int64_t n = order_.spans();
    to[0] = 0.0f;
    from[n] = HUGE_VALF;
    uint32_t open = 0;
    for (int64_t t = 0; t < n; ++t) {
      const bool below = (from[t] < std::fabs(scale_[t * kSpan])) | (to[t] > from[t]);
      const bool above = (to[t + 1] > std::fabs(scale_[t * kSpan + kSpan - 1])) | (from[t + 1] < to[t + 1]);
      open |= static_cast<uint32_t>(!(below & above)) << t;
    }
    return open;
  }

  /// Losses of the candidates in these spans that are near enough.
  HWY_INLINE void search_spans(uint32_t open, float nearest_center) {
    alignas(64) float scale[kMaxDivisors], square[kMaxDivisors];
    int32_t spans[kSpans + 1];
    int64_t n = 0;
    for (; open != 0; open &= open - 1) {
      spans[n] = static_cast<int32_t>(hwy::Num0BitsBelowLS1Bit_Nonzero32(open)) * kSpan;
      std::copy_n(scale_ + spans[n], kSpan, scale + n * kSpan);
      ++n;
    }
    if (n % 2 != 0) {  // to whole vectors
      spans[n] = spans[n - 1];
      std::copy_n(scale + (n - 1) * kSpan, kSpan, scale + n * kSpan);
      ++n;
    }
    find_squares(scale, n * kSpan, square);
    const float nearest = least_of(square, n * kSpan);
    if (nearest < nearest_center) {
      const int64_t first = first_equal(square, nearest);
      try_place(spans[first / kSpan] + first % kSpan);
    }
    try_near(spans, square, n);
  }

  HWY_INLINE void try_near(const int32_t* spans, const float* square, int64_t n) {
    alignas(64) float inverse[kMaxDivisors + kSumLanes], scale[kMaxDivisors + kSumLanes];
    int32_t place[kMaxDivisors];
    const VF most = set(most_ * most_);
    int64_t left = 0;
    for (int64_t j = 0; j < n * kSpan; j += hn::Lanes(F32()))
      for (uint32_t near = bits_of(hn::Le(load(square + j), most)); near != 0; near &= near - 1) {
        const int64_t k = j + static_cast<int64_t>(hwy::Num0BitsBelowLS1Bit_Nonzero32(near));
        place[left] = spans[k / kSpan] + static_cast<int32_t>(k % kSpan);
        inverse[left] = inverse_[place[left]];
        scale[left] = scale_[place[left]];
        ++left;
      }
    alignas(64) float loss[kSumLanes];
    std::fill_n(inverse + left, kSumLanes, 0.0f);
    std::fill_n(scale + left, kSumLanes, 0.0f);
    for (int64_t done = 0; done < left; done += hn::Lanes(F32())) {
      store(candidate_losses<kNarrow>(group_, hn::LoadU(F32(), inverse + done), hn::LoadU(F32(), scale + done)), loss);
      for (int64_t j = 0; j < std::min<int64_t>(hn::Lanes(F32()), left - done); ++j)
        if (loss[j] <= best_loss_) consider(place[done + j], loss[j]);
    }
  }

  HWY_INLINE static float least_of(const float* x, int64_t n) {
    VF least = set(HUGE_VALF);
    for (int64_t j = 0; j < n; j += hn::Lanes(F32())) least = hn::Min(least, load(x + j));
    return hn::GetLane(hn::MinOfLanes(F32(), least));
  }
  HWY_INLINE static int64_t first_equal(const float* x, float value) {
    for (int64_t j = 0;; j += hn::Lanes(F32())) {
      const intptr_t lane = hn::FindFirstTrue(F32(), hn::Eq(load(x + j), set(value)));
      if (lane >= 0) return j + lane;
    }
  }
  template <typename Mask>
  HWY_INLINE static uint32_t bits_of(Mask mask) {
    uint8_t bytes[8] = {};
    hn::StoreMaskBits(F32(), mask, bytes);
    return bytes[0] | static_cast<uint32_t>(bytes[1]) << 8;
  }

  const SearchGroup& group_;
  const DivisorOrder& order_;
  SearchSlack slack_;
  float norm_;
  float extreme_ = 0;
  float most_ = 0;  // a candidate further off than this loses
  float best_loss_ = 0;
  int64_t best_place_ = -1;
  alignas(64) float inverse_[kMaxDivisors];
  alignas(64) float scale_[kMaxDivisors];
};

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
