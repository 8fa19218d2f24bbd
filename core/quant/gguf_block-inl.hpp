// What the kernels of GGUF's blocks of 32 share. Compiled once per instruction set (hwy/foreach_target.h), so the guard
// toggles.
#if defined(AR_QUANT_GGUF_BLOCK_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_GGUF_BLOCK_INL_
#undef AR_QUANT_GGUF_BLOCK_INL_
#else
#define AR_QUANT_GGUF_BLOCK_INL_
#endif

#include <cmath>

#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

constexpr int64_t kBlock = 32;

struct Extremes {
  float low, high;
};
template <typename W>
HWY_INLINE Extremes extremes_of(const W* w) {
  VF low = load(w), high = low;
  for (int64_t k = hn::Lanes(F32()); k < kBlock; k += hn::Lanes(F32())) {
    const VF x = load(w + k);
    low = hn::Min(low, x);
    high = hn::Max(high, x);
  }
  return {hn::GetLane(hn::MinOfLanes(F32(), low)), hn::GetLane(hn::MaxOfLanes(F32(), high))};
}

/// The element of largest magnitude, the first among equals.
template <typename W>
HWY_INLINE float extreme_of(const W* w, Extremes extremes) {
  const auto [least, most] = extremes;
  if (most != -least) return most > -least ? most : least;
  for (int64_t k = 0; k < kBlock; ++k)  // rare, but for blocks of zeros
    if (std::fabs(tensor::to_f32(w[k])) == most) return tensor::to_f32(w[k]);
  return most;
}

/// Codes of a symmetric grid. Values are copies: a byte that is stored might be part of any object in memory.
struct SymEncoder {
  VF low, high, shift;
  HWY_INLINE explicit SymEncoder(const IntGrid& grid)
      : low(hn::Set(F32(), -grid.half())),
        high(hn::Set(F32(), grid.half() - 1)),
        shift(hn::Set(F32(), 0x1.8p23f + grid.half())) {}
  /// quotients: elements / scale.
  HWY_INLINE void store_codes(VF quotients, uint8_t* codes) const {
    const VF clamped = hn::Min(hn::Max(quotients, low), high);
    // The unit in the last place is 1 here: the sum is rounded to nearest, and its low byte is the code.
    hn::StoreU(hn::TruncateTo(U8(), hn::BitCast(U32(), hn::Add(clamped, shift))), U8(), codes);
  }
};

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
