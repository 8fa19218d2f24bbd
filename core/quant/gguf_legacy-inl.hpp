// Extremes, scales and codes of GGUF's blocks of 32 for plain rounding, kSumLanes blocks at a time. Compiled once per
// instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_GGUF_LEGACY_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_GGUF_LEGACY_INL_
#undef AR_QUANT_GGUF_LEGACY_INL_
#else
#define AR_QUANT_GGUF_LEGACY_INL_
#endif

#include <cmath>

#include <hwy/cache_control.h>

#include "core/quant/gguf_block-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR  // pairs of lanes are not to be had there

/// 2 * Lanes(F32()) elements. Of bfloat16 those of even and of odd index, the halves of a 32-bit lane, so that widening
/// costs one operation each; of float32 the lower and the upper ones.
struct Pair {
  VF a, b;
};
HWY_INLINE Pair load_pair(const float* w) { return {load(w), load(w + hn::Lanes(F32()))}; }
HWY_INLINE Pair load_pair(const Bf16* w) {
  const auto both = hn::BitCast(U32(), hn::LoadU(hn::Repartition<uint16_t, F32>(), &w->bits));
  return {hn::BitCast(F32(), hn::ShiftLeft<16>(both)), hn::BitCast(F32(), hn::And(both, hn::Set(U32(), 0xffff0000u)))};
}

/// The low halves of the lanes of a Pair in the order of its elements.
using Halves = hn::Repartition<uint16_t, F32>;
HWY_INLINE hn::Vec<Halves> low_halves(const float* /*pair*/, hn::Vec<U32> a, hn::Vec<U32> b) {
  return hn::ConcatEven(Halves(), hn::BitCast(Halves(), b), hn::BitCast(Halves(), a));
}
HWY_INLINE hn::Vec<Halves> low_halves(const Bf16* /*pair*/, hn::Vec<U32> a, hn::Vec<U32> b) {
  return hn::OddEven(hn::BitCast(Halves(), hn::ShiftLeft<16>(b)), hn::BitCast(Halves(), a));
}

struct Extremes {
  VF low, high;
};

/// Extremes of kBlocks blocks, those of a block in Lanes(F32()) / kBlocks lanes that follow each other.
template <int64_t kBlocks, typename W>
HWY_INLINE Extremes extremes_of(const W* w) {
  if constexpr (kBlocks == 1) {
    const Pair first = load_pair(w);
    VF low = hn::Min(first.a, first.b), high = hn::Max(first.a, first.b);
    for (int64_t k = 2 * hn::Lanes(F32()); k < kBlock; k += 2 * hn::Lanes(F32())) {
      const Pair x = load_pair(w + k);
      low = hn::Min(low, hn::Min(x.a, x.b));
      high = hn::Max(high, hn::Max(x.a, x.b));
    }
    return {low, high};
  } else {
    const Extremes a = extremes_of<kBlocks / 2>(w), b = extremes_of<kBlocks / 2>(w + kBlocks / 2 * kBlock);
    return {hn::Min(hn::ConcatEven(F32(), b.low, a.low), hn::ConcatOdd(F32(), b.low, a.low)),
            hn::Max(hn::ConcatEven(F32(), b.high, a.high), hn::ConcatOdd(F32(), b.high, a.high))};
  }
}

/// What makes the codes of up to kSumLanes blocks.
struct Blocks {
  int64_t n = 0;
  Lanes low, high, scale, inverse;

  template <typename W>
  HWY_INLINE void find_extremes(const W* w) {
    constexpr int64_t kLanes = hn::MaxLanes(F32());
    int64_t g = 0;
    for (; g + kLanes <= n; g += kLanes) {
      const Extremes found = extremes_of<kLanes>(w + g * kBlock);
      store(found.low, low.at + g);
      store(found.high, high.at + g);
    }
    for (; g < n; ++g) {
      const Extremes found = extremes_of<1>(w + g * kBlock);
      low.at[g] = hn::GetLane(hn::MinOfLanes(F32(), found.low));
      high.at[g] = hn::GetLane(hn::MaxOfLanes(F32(), found.high));
    }
  }

  /// Inverses of the scales, 0 for magnitudes below `least`. Scales are below 2^126: their inverses are not subnormal.
  HWY_INLINE void invert_scales(float least) {
    for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
      const VF s = load(scale.at + g);
      const auto some = hn::Ge(hn::Abs(s), hn::Set(F32(), least));
      store(hn::IfThenElseZero(some, hn::Div(hn::Set(F32(), 1.0f), s)), inverse.at + g);
    }
  }
};

/// Codes floor(x * inverse + half + 0.5) of a symmetric grid in fixed point: the sum with a number of the right size
/// has the code and its fraction in its bits. A tenth of a division's time.
class ReciprocalEncoder {
 public:
  HWY_INLINE explicit ReciprocalEncoder(const IntGrid& grid)
      : fraction_bits_(21 - grid.bits),
        top_(static_cast<uint16_t>(grid.top())),
        shift_(hn::Set(F32(), base(grid) + grid.half() + 0.5f + kDoubt / 2 * unit(grid))),
        limit_(hn::Set(F32(), base(grid) + grid.top() + 0.5f)),
        fraction_(hn::Set(U32(), (1u << (21 - grid.bits)) - 1)) {}

  /// Stores the codes of blocks that follow each other. exact(g, w, codes) stores those of a block where they are not
  /// sure: a sum is so near a whole number that its last bits decide.
  template <typename W, typename Exact>
  HWY_INLINE void store(const Blocks& blocks, const W* w, uint8_t* codes, Exact exact) const {
    constexpr int64_t kAhead = 1024;  // elements; the hardware's own fetching leaves a sixth of the time waiting
    for (int64_t g = 0; g < blocks.n; ++g, w += kBlock, codes += kBlock) {
      hwy::Prefetch(w + kAhead);
      if (!store(w, blocks.inverse.at[g], codes)) exact(g, w, codes);
    }
  }

 private:
  template <typename W>
  HWY_INLINE bool store(const W* w, float inverse, uint8_t* codes) const {
    const Halves u16;
    const hn::Rebind<uint8_t, Halves> u8;
    const VF factor = hn::Set(F32(), inverse);
    auto nearest = fraction_;
    for (int64_t k = 0; k < kBlock; k += 2 * hn::Lanes(F32())) {
      const Pair x = load_pair(w + k);
      const auto a = sum(x.a, factor), b = sum(x.b, factor);
      nearest = hn::Min(nearest, hn::Min(hn::And(a, fraction_), hn::And(b, fraction_)));
      const auto wide = low_halves(w, hn::ShiftRightSame(a, fraction_bits_), hn::ShiftRightSame(b, fraction_bits_));
      hn::StoreU(hn::TruncateTo(u8, hn::And(wide, hn::Set(u16, top_))), u8, codes + k);
    }
    return hn::AllTrue(U32(), hn::Gt(nearest, hn::Set(U32(), kDoubt - 1)));
  }

  /// Units of the sum in which a code is not sure, its boundary in their middle. The product is off by 1/8 of one, the
  /// sum by 1/2.
  static constexpr uint32_t kDoubt = 4;

  /// Sums are between 4 and 8 times 2^bits, so that a float32's lower bits count 2^-(21 - bits).
  static HWY_INLINE float base(const IntGrid& grid) { return static_cast<float>(6 << grid.bits); }
  static HWY_INLINE float unit(const IntGrid& grid) { return std::ldexp(1.0f, grid.bits - 21); }
  HWY_INLINE hn::Vec<U32> sum(VF x, VF factor) const {
    return hn::BitCast(U32(), hn::Min(hn::MulAdd(x, factor, shift_), limit_));
  }

  int fraction_bits_;
  uint16_t top_;
  VF shift_, limit_;
  hn::Vec<U32> fraction_;
};

#endif
}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
