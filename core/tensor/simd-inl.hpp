// Loads, stores and rounding shared by the vector kernels. Compiled once per instruction set (hwy/foreach_target.h), so
// the guard toggles.
#if defined(AR_TENSOR_SIMD_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_TENSOR_SIMD_INL_
#undef AR_TENSOR_SIMD_INL_
#else
#define AR_TENSOR_SIMD_INL_
#endif

#include <hwy/highway.h>

#include "core/tensor/lane_sum.hpp"
#include "core/tensor/real.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::tensor::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// At most kSumLanes floats: a block of kSumLanes elements is a whole number of vectors on every machine.
using F32 = hn::CappedTag<float, kSumLanes>;
using U32 = hn::Rebind<uint32_t, F32>;
using I32 = hn::Rebind<int32_t, F32>;
using U16 = hn::Rebind<uint16_t, F32>;
using U8 = hn::Rebind<uint8_t, F32>;
using VF = hn::Vec<F32>;

HWY_INLINE VF set(float x) { return hn::Set(F32(), x); }
HWY_INLINE VF load(const float* p) { return hn::LoadU(F32(), p); }
HWY_INLINE VF load(const Bf16* p) {
  const auto bits = hn::PromoteTo(U32(), hn::LoadU(U16(), &p->bits));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(bits));
}

/// Nearest bfloat16 in the upper half of each lane; lanes are numbers, not NaN.
HWY_INLINE hn::Vec<U32> bf16_bits(VF x) {
  const U32 d;
  const auto bits = hn::BitCast(d, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1u));
  return hn::Add(hn::Add(bits, hn::Set(d, 0x7fffu)), odd);
}
HWY_INLINE VF round_to_bf16(VF x) { return hn::BitCast(F32(), hn::And(bf16_bits(x), hn::Set(U32(), 0xffff0000u))); }

HWY_INLINE void store(VF x, float* p) { hn::StoreU(x, F32(), p); }
HWY_INLINE void store(VF x, Bf16* p) {
  const auto high = hn::BitCast(I32(), hn::ShiftRight<16>(bf16_bits(x)));
  hn::StoreU(hn::DemoteTo(U16(), high), U16(), &p->bits);
}

/// Nearest whole number, ties to even; -0 keeps its sign, which Highway's Round loses on SSSE3.
HWY_INLINE VF round_even(VF x) { return hn::CopySign(hn::Round(x), x); }

/// As store, for lanes that may be NaN: a NaN stays one.
HWY_INLINE void store_or_nan(VF x, float* p) { store(x, p); }
HWY_INLINE hn::Vec<U32> bf16_bits_or_nan(VF x) {
  const U32 d;
  const auto quiet = hn::Or(hn::BitCast(d, x), hn::Set(d, 0x400000u));
  return hn::IfThenElse(hn::RebindMask(d, hn::Not(hn::Eq(x, x))), quiet, bf16_bits(x));
}
HWY_INLINE VF bf16_or_nan(VF x) { return hn::BitCast(F32(), hn::And(bf16_bits_or_nan(x), hn::Set(U32(), 0xffff0000u))); }
HWY_INLINE void store_or_nan(VF x, Bf16* p) {
  hn::StoreU(hn::DemoteTo(U16(), hn::BitCast(I32(), hn::ShiftRight<16>(bf16_bits_or_nan(x)))), U16(), &p->bits);
}

/// tree_sum of lane_sum.hpp: the same additions, several at a time. Destroys the lanes.
HWY_INLINE float tree_sum_lanes(float* lanes) {
  const hn::CappedTag<float, 8> d8;
  const hn::CappedTag<float, 4> d4;
  for (size_t i = 0; i < 8; i += hn::Lanes(d8))
    hn::StoreU(hn::Add(hn::LoadU(d8, lanes + i), hn::LoadU(d8, lanes + 8 + i)), d8, lanes + i);
  for (size_t i = 0; i < 4; i += hn::Lanes(d4))
    hn::StoreU(hn::Add(hn::LoadU(d4, lanes + i), hn::LoadU(d4, lanes + 4 + i)), d4, lanes + i);
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

HWY_INLINE void add_to(VF x, float* lanes) { store(hn::Add(load(lanes), x), lanes); }

}  // namespace ar::tensor::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
