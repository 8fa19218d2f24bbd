// What the kernels of GGUF's blocks of 32 share. Compiled once per instruction set (hwy/foreach_target.h), so the guard
// toggles.
#if defined(AR_QUANT_GGUF_BLOCK_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_GGUF_BLOCK_INL_
#undef AR_QUANT_GGUF_BLOCK_INL_
#else
#define AR_QUANT_GGUF_BLOCK_INL_
#endif

#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

constexpr int64_t kBlock = 32;

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
