#include "core/quant/gguf_legacy_kernel.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_legacy_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_block-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

template <typename W>
HWY_INLINE LegacyBlock block_of(const IntGrid& grid, const W* w) {
  const Extremes extremes = extremes_of(w);
  return legacy_block(grid, extremes.low, extremes.high, extreme_of(w, extremes));
}

using F64 = hn::CappedTag<double, kSumLanes / 2>;

HWY_INLINE hn::Vec<F64> load_double(const float* p) {
  return hn::PromoteTo(F64(), hn::LoadU(hn::Rebind<float, F64>(), p));
}
HWY_INLINE hn::Vec<F64> load_double(const Bf16* p) {
  const hn::Rebind<uint32_t, F64> u32;
  const auto bits = hn::ShiftLeft<16>(hn::PromoteTo(u32, hn::LoadU(hn::Rebind<uint16_t, F64>(), &p->bits)));
  return hn::PromoteTo(F64(), hn::BitCast(hn::Rebind<float, F64>(), bits));
}

/// Clamped to 0 .. top and stored as bytes.
template <typename D, typename V>
HWY_INLINE void store_codes(D d, V codes, int top, uint8_t* to) {
  const auto clamped = hn::Min(hn::Max(codes, hn::Zero(d)), hn::Set(d, top));
  const hn::Rebind<uint8_t, D> u8;
  hn::StoreU(hn::DemoteTo(u8, clamped), u8, to);
}

/// Q4_0 and Q5_0: trunc(x * inverse + half + 0.5) in double precision, where the product is exact.
template <typename W>
HWY_INLINE void encode_sym(const IntGrid& grid, const LegacyBlock& block, const W* w, uint8_t* codes) {
  const hn::Rebind<int32_t, F64> i32;
  const auto inverse = hn::Set(F64(), static_cast<double>(block.inverse));
  const auto shift = hn::Set(F64(), static_cast<double>(grid.half()) + 0.5);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F64())) {
    const auto code = hn::DemoteTo(i32, hn::Add(hn::Mul(load_double(w + k), inverse), shift));
    store_codes(i32, code, static_cast<int>(grid.top()), codes + k);
  }
}

/// Q8_0: x * inverse, half away from zero; its code 0 is byte 128.
template <typename W>
HWY_INLINE void encode_bytes(const LegacyBlock& block, const W* w, uint8_t* codes) {
  const VF inverse = hn::Set(F32(), block.inverse);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) {
    const VF x = hn::Mul(load(w + k), inverse);
    const VF magnitude = hn::Abs(x), whole = hn::Floor(magnitude);
    const auto up = hn::Ge(hn::Sub(magnitude, whole), hn::Set(F32(), 0.5f));
    const VF rounded = hn::CopySign(hn::Add(whole, hn::IfThenElseZero(up, hn::Set(F32(), 1.0f))), x);
    store_codes(I32(), hn::ConvertTo(I32(), hn::Add(rounded, hn::Set(F32(), 128.0f))), 255, codes + k);
  }
}

/// Q4_1 and Q5_1.
template <typename W>
HWY_INLINE void encode_above_low(const IntGrid& grid, const LegacyBlock& block, const W* w, uint8_t* codes) {
  const VF low = hn::Set(F32(), block.low), inverse = hn::Set(F32(), block.inverse);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) {
    const VF code = hn::Add(hn::Mul(hn::Sub(load(w + k), low), inverse), hn::Set(F32(), 0.5f));
    store_codes(I32(), hn::ConvertTo(I32(), code), static_cast<int>(grid.top()), codes + k);
  }
}

template <typename W>
void round_rows(const IntGrid& grid, const W* weight, RowRange rows, const IntPlanes& planes) {
  const int64_t groups = grid.groups();
  for (int64_t g = rows.begin * groups; g < rows.end * groups; ++g) {
    const W* w = weight + g * kBlock;
    uint8_t* codes = planes.codes + g * kBlock;
    const LegacyBlock block = block_of(grid, w);
    if (grid.real_zero)
      encode_above_low(grid, block, w, codes);
    else if (grid.bits == 8)
      encode_bytes(block, w, codes);
    else
      encode_sym(grid, block, w, codes);
    store_legacy_block(block, planes, g);
  }
}

/// Scales of kSumLanes groups from their extremes, as group_levels has them for symmetric grids.
HWY_INLINE void sym_scales(const IntGrid& grid, const float* low, const float* high, float* scale) {
  const VF zero = hn::Zero(F32());
  for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
    const VF least = hn::Min(load(low + g), zero), most = hn::Max(load(high + g), zero);
    const VF magnitude = hn::Max(most, hn::Neg(least));
    const VF unfloored = hn::Div(hn::CopySign(magnitude, hn::Neg(hn::Add(most, least))), hn::Set(F32(), grid.half()));
    const VF floored = hn::Max(hn::Abs(unfloored), hn::Set(F32(), grid.scale_floor));
    store(hn::CopySign(floored, hn::Add(unfloored, zero)), scale + g);
  }
}

template <typename W>
void sym_rows(const IntGrid& grid, const W* weight, RowRange rows, const IntPlanes& planes) {
  const int64_t end = rows.end * grid.groups();
  const SymEncoder encoder(grid);
  for (int64_t first = rows.begin * grid.groups(); first < end; first += kSumLanes) {
    const int64_t n = std::min(kSumLanes, end - first);
    alignas(64) float low[kSumLanes] = {}, high[kSumLanes] = {}, scale[kSumLanes];
    for (int64_t g = 0; g < n; ++g) {
      const Extremes extremes = extremes_of(weight + (first + g) * kBlock);
      low[g] = extremes.low;
      high[g] = extremes.high;
    }
    sym_scales(grid, low, high, scale);
    std::copy_n(scale, n, planes.scale + first);
    for (int64_t g = first; g < first + n; ++g) {
      const VF divisor = hn::Set(F32(), scale[g - first]);
      for (int64_t k = g * kBlock; k < (g + 1) * kBlock; k += hn::Lanes(F32()))
        encoder.store_codes(hn::Div(load(weight + k), divisor), planes.codes + k);
    }
  }
}

void RoundSymBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  with_type(weight.type, [&](auto w) { sym_rows(grid, static_cast<const decltype(w)*>(weight.data), rows, planes); });
}

void RoundLegacy(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  with_type(weight.type, [&](auto w) { round_rows(grid, static_cast<const decltype(w)*>(weight.data), rows, planes); });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(RoundLegacy);
HWY_EXPORT(RoundSymBlocks);

uint8_t code_of(const IntGrid& grid, const LegacyBlock& block, float x) {
  double code;
  if (grid.real_zero)
    code = std::trunc((x - block.low) * block.inverse + 0.5f);
  else if (grid.bits == 8)
    code = std::round(x * block.inverse) + 128.0f;
  else
    code = std::trunc(double{x} * double{block.inverse} + (double{grid.half()} + 0.5));
  return static_cast<uint8_t>(std::clamp(code, 0.0, double{grid.top()}));
}
}  // namespace

void round_legacy(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(RoundLegacy)(grid, weight, rows, planes);
}

void round_sym_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(RoundSymBlocks)(grid, weight, rows, planes);
}

namespace reference {

void round_legacy(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes) {
  for (int64_t g = rows.begin * grid.groups(); g < rows.end * grid.groups(); ++g) {
    const int64_t first = g * grid.group;
    float low = tensor::real_at(weight, first), high = low, extreme = low;
    for (int64_t i = first + 1; i < first + grid.group; ++i) {
      const float x = tensor::real_at(weight, i);
      low = std::min(low, x);
      high = std::max(high, x);
      if (std::fabs(x) > std::fabs(extreme)) extreme = x;
    }
    const LegacyBlock block = legacy_block(grid, low, high, extreme);
    for (int64_t i = first; i < first + grid.group; ++i)
      planes.codes[i] = code_of(grid, block, tensor::real_at(weight, i));
    store_legacy_block(block, planes, g);
  }
}

}  // namespace reference
}  // namespace ar::quant
#endif
