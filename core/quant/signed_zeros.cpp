#include "core/quant/signed_zeros.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/signed_zeros.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/tensor/parallel.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <typename Bits>
void sign_some(const Bits* from, Bits* to, int64_t n, bool of_zeros) {
  const hn::ScalableTag<Bits> d;
  const auto sign = hn::Set(d, static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1))), zero = hn::Zero(d);
  const auto signed_of = [&](auto source, auto value) HWY_ATTR {
    const auto is_zero = hn::Eq(hn::AndNot(sign, value), zero);
    const auto counts =
        hn::Or(hn::Ne(hn::AndNot(sign, source), zero), hn::Eq(hn::Set(d, Bits{of_zeros}), hn::Set(d, Bits{1})));
    return hn::IfThenElse(hn::And(is_zero, counts), hn::And(source, sign), value);
  };
  const int64_t lanes = hn::Lanes(d);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(signed_of(hn::LoadU(d, from + i), hn::LoadU(d, to + i)), d, to + i);
  for (; i < n; ++i) to[i] = hn::GetLane(signed_of(hn::Set(d, from[i]), hn::Set(d, to[i])));
}

void SignZeros16(const uint16_t* from, uint16_t* to, int64_t n, bool of_zeros) { sign_some(from, to, n, of_zeros); }
void SignZeros32(const uint32_t* from, uint32_t* to, int64_t n, bool of_zeros) { sign_some(from, to, n, of_zeros); }

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(SignZeros16);
HWY_EXPORT(SignZeros32);
}  // namespace

void sign_zeros(const at::Tensor& source, const at::Tensor& weight, bool of_zeros) {
  if (source.scalar_type() != weight.scalar_type() || !source.is_contiguous() || !weight.is_contiguous()) return;
  const void* from = source.const_data_ptr();
  void* to = weight.mutable_data_ptr();
  const bool narrow = weight.scalar_type() == at::kBFloat16;
  if (!narrow && weight.scalar_type() != at::kFloat) return;
  tensor::parallel_chunks(weight.numel(), int64_t{1} << 18, [&](int64_t begin, int64_t end) {
    if (narrow)
      HWY_DYNAMIC_DISPATCH(SignZeros16)
      (static_cast<const uint16_t*>(from) + begin, static_cast<uint16_t*>(to) + begin, end - begin, of_zeros);
    else
      HWY_DYNAMIC_DISPATCH(SignZeros32)
      (static_cast<const uint32_t*>(from) + begin, static_cast<uint32_t*>(to) + begin, end - begin, of_zeros);
  });
}

}  // namespace ar::quant
#endif
