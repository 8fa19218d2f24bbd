// How vector kernels walk a row of a group: whole blocks of kSumLanes elements, then a padded one. Compiled once per
// instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_BLOCKS_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_BLOCKS_INL_
#undef AR_QUANT_BLOCKS_INL_
#else
#define AR_QUANT_BLOCKS_INL_
#endif

#include <cstring>

#include "core/tensor/lane_sum.hpp"
#include "core/tensor/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
using namespace tensor::HWY_NAMESPACE;

using tensor::Bf16;
using tensor::kSumLanes;
using tensor::Real;

/// Calls block(k) for k = 0, 16, ... while a whole block is left, then tail(k, n) for the rest.
template <typename Block, typename Tail>
HWY_INLINE void for_each_block(int64_t size, Block block, Tail tail) {
  int64_t k = 0;
  for (; k + kSumLanes <= size; k += kSumLanes) block(k);
  if (k < size) tail(k, size - k);
}

/// The last elements of a row of a group in a full-length block of their own, zeros behind them.
template <typename T>
struct Padded {
  T data[kSumLanes] = {};
  Padded(const T* from, int64_t n) { std::memcpy(data, from, static_cast<size_t>(n) * sizeof(T)); }
  Padded() = default;
  void copy_to(T* to, int64_t n) const { std::memcpy(to, data, static_cast<size_t>(n) * sizeof(T)); }
};

/// v - lr * sign(d), where zero and NaN have no sign.
HWY_INLINE VF descend(VF v, VF d, VF lr) {
  const VF zero = hn::Zero(F32());
  const auto moves = hn::Or(hn::Gt(d, zero), hn::Lt(d, zero));
  return hn::Sub(v, hn::IfThenElseZero(moves, hn::CopySign(lr, d)));
}

/// Calls body with a number of the type that is stored: the choice is made once a call.
template <typename Body>
HWY_INLINE void with_type(Real type, Body body) {
  if (type == Real::kF32)
    body(float());
  else
    body(Bf16());
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
