#include "core/quant/gguf_legacy_kernel.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_legacy_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_legacy-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
void RoundSymBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  reference::round_sym_blocks(grid, weight, rows, planes);
}
void RoundLegacy(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  reference::round_legacy(grid, weight, rows, planes);
}
#else

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
HWY_NOINLINE void encode_sym(const IntGrid& grid, float inverse, const W* w, uint8_t* codes) {
  const hn::Rebind<int32_t, F64> i32;
  const auto factor = hn::Set(F64(), static_cast<double>(inverse));
  const auto shift = hn::Set(F64(), static_cast<double>(grid.half()) + 0.5);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F64())) {
    const auto code = hn::DemoteTo(i32, hn::Add(hn::Mul(load_double(w + k), factor), shift));
    store_codes(i32, code, static_cast<int>(grid.top()), codes + k);
  }
}

/// Q8_0: x * inverse, half away from zero; its code 0 is byte 128.
template <typename W>
HWY_NOINLINE void encode_bytes(float inverse, const W* w, uint8_t* codes) {
  const VF factor = hn::Set(F32(), inverse);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) {
    const VF x = hn::Mul(load(w + k), factor);
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

/// The element of largest magnitude, the first among equals.
template <typename W>
HWY_NOINLINE float extreme_of(const W* w) {
  float extreme = tensor::to_f32(w[0]);
  for (int64_t k = 1; k < kBlock; ++k)
    if (const float x = tensor::to_f32(w[k]); std::fabs(x) > std::fabs(extreme)) extreme = x;
  return extreme;
}

/// As legacy_block has them.
template <typename W>
HWY_INLINE void legacy_scales(const IntGrid& grid, const W* w, Blocks& blocks) {
  for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
    const VF low = load(blocks.low.at + g), high = load(blocks.high.at + g);
    const VF magnitude = hn::Abs(hn::Max(high, hn::Neg(low)));  // of a block of zeros 0, not -0
    VF scale = hn::Div(hn::Sub(high, low), hn::Set(F32(), grid.top()));
    if (grid.sym && grid.bits == 8) scale = hn::Div(magnitude, hn::Set(F32(), 127.0f));
    if (grid.sym && grid.bits != 8)
      scale = hn::Div(hn::CopySign(magnitude, hn::Neg(hn::Add(high, low))), hn::Set(F32(), grid.half()));
    store(scale, blocks.scale.at + g);
  }
  if (grid.sym && grid.bits != 8)
    for (int64_t g = 0; g < blocks.n; ++g)
      if (blocks.high.at[g] == -blocks.low.at[g]) blocks.scale.at[g] = extreme_of(w + g * kBlock) / -grid.half();
  blocks.invert_scales(1e-30f);
}

/// Calls body(first block, elements, codes, blocks) on the rows' blocks, kSumLanes at a time, their extremes found.
template <typename W, typename Body>
HWY_INLINE void for_each_blocks(const IntGrid& grid, const W* weight, RowRange rows, uint8_t* codes, Body body) {
  Blocks blocks;
  const int64_t end = rows.end * grid.groups();
  for (int64_t first = rows.begin * grid.groups(); first < end; first += kSumLanes) {
    blocks.n = std::min(kSumLanes, end - first);
    blocks.find_extremes(weight + first * kBlock);
    body(first, weight + first * kBlock, codes + first * kBlock, blocks);
  }
}

template <typename W>
void legacy_sym_rows(const IntGrid& grid, const W* weight, RowRange rows, const IntPlanes& planes) {
  const ReciprocalEncoder encoder(grid);
  for_each_blocks(grid, weight, rows, planes.codes,
                  [&](int64_t first, const W* w, uint8_t* codes, Blocks& blocks) HWY_ATTR {
                    legacy_scales(grid, w, blocks);
                    std::copy_n(blocks.scale.at, blocks.n, planes.scale + first);
                    encoder.store(blocks, w, codes, [&](int64_t g, const W* block, uint8_t* to) HWY_ATTR {
                      grid.bits == 8 ? encode_bytes(blocks.inverse.at[g], block, to)
                                     : encode_sym(grid, blocks.inverse.at[g], block, to);
                    });
                  });
}

template <typename W>
void legacy_asym_rows(const IntGrid& grid, const W* weight, RowRange rows, const IntPlanes& planes) {
  for_each_blocks(grid, weight, rows, planes.codes,
                  [&](int64_t first, const W* w, uint8_t* codes, Blocks& blocks) HWY_ATTR {
                    legacy_scales(grid, w, blocks);
                    for (int64_t g = 0; g < blocks.n; ++g) {
                      const LegacyBlock block{blocks.scale.at[g], blocks.low.at[g], blocks.inverse.at[g]};
                      store_legacy_block(block, planes, first + g);
                      encode_above_low(grid, block, w + g * kBlock, codes + g * kBlock);
                    }
                  });
}

/// As group_levels has them for symmetric grids.
HWY_INLINE void sym_scales(const IntGrid& grid, Blocks& blocks) {
  const VF zero = hn::Zero(F32());
  for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
    const VF least = hn::Min(load(blocks.low.at + g), zero), most = hn::Max(load(blocks.high.at + g), zero);
    const VF magnitude = hn::Max(most, hn::Neg(least));
    const VF unfloored = hn::Div(hn::CopySign(magnitude, hn::Neg(hn::Add(most, least))), hn::Set(F32(), grid.half()));
    const VF floored = hn::Max(hn::Abs(unfloored), hn::Set(F32(), grid.scale_floor));
    const VF scale = hn::CopySign(floored, hn::Add(unfloored, zero));
    store(scale, blocks.scale.at + g);
  }
  blocks.invert_scales(0.0f);
}

template <typename W>
void sym_rows(const IntGrid& grid, const W* weight, RowRange rows, const IntPlanes& planes) {
  const ReciprocalEncoder encoder(grid);
  const SymEncoder exact(grid);
  for_each_blocks(grid, weight, rows, planes.codes,
                  [&](int64_t first, const W* w, uint8_t* codes, Blocks& blocks) HWY_ATTR {
                    sym_scales(grid, blocks);
                    std::copy_n(blocks.scale.at, blocks.n, planes.scale + first);
                    encoder.store(blocks, w, codes, [&](int64_t g, const W* block, uint8_t* to) HWY_ATTR {
                      const VF scale = hn::Set(F32(), blocks.scale.at[g]);
                      for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32()))
                        exact.store_codes(hn::Div(load(block + k), scale), to + k);
                    });
                  });
}

void RoundSymBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  with_type(weight.type, [&](auto w) { sym_rows(grid, static_cast<const decltype(w)*>(weight.data), rows, planes); });
}

void RoundLegacy(const IntGrid& grid, ConstReals weight, RowRange rows, const IntPlanes& planes) {
  with_type(weight.type, [&](auto type) {
    const auto* w = static_cast<const decltype(type)*>(weight.data);
    grid.sym ? legacy_sym_rows(grid, w, rows, planes) : legacy_asym_rows(grid, w, rows, planes);
  });
}
#endif

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
namespace {

struct Extremes {
  float low, high;
  float extreme;  // the element of largest magnitude, the first among equals
};

Extremes extremes_of(tensor::ConstReals weight, int64_t first, int64_t end) {
  const float w = tensor::real_at(weight, first);
  Extremes found{w, w, w};
  for (int64_t i = first + 1; i < end; ++i) {
    const float x = tensor::real_at(weight, i);
    found.low = std::min(found.low, x);
    found.high = std::max(found.high, x);
    if (std::fabs(x) > std::fabs(found.extreme)) found.extreme = x;
  }
  return found;
}

}  // namespace

void round_legacy(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes) {
  for (int64_t g = rows.begin * grid.groups(); g < rows.end * grid.groups(); ++g) {
    const int64_t first = g * grid.group, end = first + grid.group;
    const auto [low, high, extreme] = extremes_of(weight, first, end);
    const LegacyBlock block = legacy_block(grid, low, high, extreme);
    for (int64_t i = first; i < end; ++i) planes.codes[i] = code_of(grid, block, tensor::real_at(weight, i));
    store_legacy_block(block, planes, g);
  }
}

void round_sym_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const IntPlanes& planes) {
  for (int64_t g = rows.begin * grid.groups(); g < rows.end * grid.groups(); ++g) {
    const int64_t first = g * grid.group, end = first + grid.group;
    const Extremes found = extremes_of(weight, first, end);
    const float low = std::min(found.low, 0.0f), high = std::max(found.high, 0.0f);
    const float unfloored = -std::copysign(std::max(high, -low), high + low) / grid.half();
    const float scale = std::copysign(std::max(std::fabs(unfloored), grid.scale_floor), unfloored + 0.0f);
    for (int64_t i = first; i < end; ++i) {
      const float code = std::nearbyint(tensor::real_at(weight, i) / scale);
      planes.codes[i] = static_cast<uint8_t>(std::clamp(code, -grid.half(), grid.half() - 1) + grid.half());
    }
    planes.scale[g] = scale;
  }
}

}  // namespace reference
}  // namespace ar::quant
#endif
