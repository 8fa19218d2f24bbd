// Range arithmetic of int_scale.hpp for kSumLanes groups at a time. Compiled once per instruction set
// (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_INT_LEVELS_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_INT_LEVELS_INL_
#undef AR_QUANT_INT_LEVELS_INL_
#else
#define AR_QUANT_INT_LEVELS_INL_
#endif

#include <algorithm>
#include <cmath>

#include "core/quant/blocks-inl.hpp"
#include "core/quant/int_scale.hpp"
#include "core/quant/int_tuning.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// One number of each of up to kSumLanes groups.
struct alignas(64) Lanes {
  float at[kSumLanes] = {};
};

/// Groups first .. first + n - 1, n at most kSumLanes.
struct GroupRange {
  int64_t first;
  int64_t n;
};

/// Calls body(GroupRange) on the groups of the rows, in order. A range's elements stay in the first-level cache.
template <typename Body>
HWY_INLINE void for_each_batch(const IntGrid& grid, RowRange rows, Body body) {
  constexpr int64_t kElements = 2048;
  const int64_t batch = std::clamp<int64_t>(kElements / grid.group, 1, kSumLanes);
  const int64_t end = rows.end * grid.groups();
  for (int64_t first = rows.begin * grid.groups(); first < end; first += batch)
    body(GroupRange{first, std::min(batch, end - first)});
}

/// Calls body(j, pointer...) for each vector of the arrays' elements of the range. What body stores there is kept, and
/// nothing beyond the range is touched.
template <typename Body>
HWY_INLINE void for_each_vector(GroupRange range, Body body, const float* a, const float* b, float* c, float* d) {
  if (range.n == kSumLanes) {
    for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32()))
      body(j, a + range.first + j, b + range.first + j, c + range.first + j, d + range.first + j);
    return;
  }
  const Padded<float> pa(a + range.first, range.n), pb(b + range.first, range.n);
  Padded<float> pc(c + range.first, range.n), pd(d + range.first, range.n);
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) body(j, pa.data + j, pb.data + j, pc.data + j, pd.data + j);
  pc.copy_to(c + range.first, range.n);
  pd.copy_to(d + range.first, range.n);
}

/// As tensor::round_to_f16.
HWY_INLINE VF round_to_f16(VF x) {
  const U32 d;
  const VF magnitude = hn::Abs(x), half = hn::Set(F32(), 0.5f);
  const auto bits = hn::BitCast(d, magnitude);
  const auto odd = hn::And(hn::ShiftRight<13>(bits), hn::Set(d, 1u));
  const auto up = hn::Add(hn::Add(bits, hn::Set(d, 0xfffu)), odd);
  const VF normal = hn::BitCast(F32(), hn::And(up, hn::Set(d, ~0x1fffu)));
  const VF tiny = hn::Sub(hn::Add(magnitude, half), half);
  const VF finite = hn::IfThenElse(hn::Lt(magnitude, hn::Set(F32(), 0x1p-14f)), tiny, normal);
  const auto over = hn::Ge(magnitude, hn::Set(F32(), 65520.0f));
  return hn::CopySign(hn::IfThenElse(over, hn::Set(F32(), INFINITY), finite), x);
}

HWY_INLINE VF rounded_scale(VF x, ScaleType type) {
  if (type == ScaleType::kF16) return round_to_f16(x);
  return type == ScaleType::kBf16 ? round_to_bf16(x) : x;
}

/// GroupLevels of a range. `zero` is used by asymmetric grids.
struct BatchLevels {
  Lanes scale, unfloored, zero;
  HWY_INLINE GroupLevels at(const IntTuning& layer, int64_t g) const {
    const IntGrid& grid = layer.grid;
    if (grid.sym) return {scale.at[g], unfloored.at[g], -grid.half(), grid.half() - 1, -0.0f, -0.0f, 0.0f};
    const bool found = layer.init_min != nullptr;
    return {scale.at[g], unfloored.at[g], 0.0f, grid.top(), found ? zero.at[g] : -0.0f, found ? 0.0f : zero.at[g], zero.at[g]};
  }
};

HWY_INLINE void tuned_levels(const IntGrid& grid, VF low, VF high, int64_t j, BatchLevels& out) {
  const VF floor = hn::Set(F32(), grid.scale_floor);
  if (grid.sym) {
    const VF extreme = hn::Neg(hn::CopySign(hn::Max(high, hn::Neg(low)), hn::Add(high, low)));
    const VF unfloored = rounded_scale(hn::Div(extreme, hn::Set(F32(), grid.half())), grid.scale_type);
    store(unfloored, out.unfloored.at + j);
    store(hn::CopySign(hn::Max(hn::Abs(unfloored), floor), hn::Add(unfloored, hn::Zero(F32()))), out.scale.at + j);
    return;
  }
  const VF unfloored = rounded_scale(hn::Div(hn::Sub(high, low), hn::Set(F32(), grid.top())), grid.scale_type);
  const VF scale = hn::Max(unfloored, floor);
  const VF zero = hn::Div(hn::Neg(low), scale);
  store(unfloored, out.unfloored.at + j);
  store(scale, out.scale.at + j);
  store(grid.real_zero ? zero : round_even(zero), out.zero.at + j);
}

HWY_INLINE BatchLevels batch_levels(const IntTuning& layer, GroupRange range) {
  BatchLevels out;
  if (layer.min_scale == nullptr || layer.init_scale != nullptr) {
    for (int64_t g = 0; g < range.n; ++g) {
      const GroupLevels levels = group_levels(layer, range.first + g);
      out.scale.at[g] = levels.scale;
      out.unfloored.at[g] = levels.unfloored;
      out.zero.at[g] = levels.sub;
    }
    return out;
  }
  for_each_vector(
      range,
      [&](int64_t j, const float* range_min, const float* range_max, const float* a, const float* b) HWY_ATTR {
        tuned_levels(layer.grid, hn::Mul(load(range_min), load(a)), hn::Mul(load(range_max), load(b)), j, out);
      },
      layer.range_min, layer.range_max, layer.min_scale, layer.max_scale);
  return out;
}

HWY_INLINE void clamp_batch(const IntTuning& layer, GroupRange range) {
  for (int64_t g = 0; g < range.n; ++g) clamp_range_factors(layer, range.first + g);
}

/// GroupSums of a range.
struct BatchSums {
  Lanes scale, clipped;
};

struct VectorRangeGradient {
  VF min_scale, max_scale;
};

/// As range_gradient, for the groups of the lanes j, j + 1, ...
HWY_INLINE VectorRangeGradient vector_range_gradient(const IntGrid& grid, const BatchLevels& levels, const BatchSums& sums,
                                                     int64_t j, VF range_min, VF range_max, VF a, VF b) {
  const VF zero = hn::Zero(F32()), one = hn::Set(F32(), 1.0f), half = hn::Set(F32(), 0.5f);
  const VF scale = load(levels.scale.at + j);
  const auto kept = hn::Ge(hn::Abs(load(levels.unfloored.at + j)), hn::Set(F32(), grid.scale_floor));
  if (!grid.sym) {
    const VF d_zero = hn::Mul(hn::Neg(scale), load(sums.clipped.at + j));
    const VF slope = hn::Div(hn::Div(hn::Mul(range_min, a), scale), scale);
    const VF d_scale = hn::Add(load(sums.scale.at + j), hn::Mul(d_zero, slope));
    const VF d_range = hn::Div(hn::IfThenElseZero(kept, d_scale), hn::Set(F32(), grid.top()));
    const VF d_low = hn::Sub(hn::Neg(d_range), hn::Div(d_zero, scale));
    return {hn::Mul(d_low, range_min), hn::Mul(d_range, range_max)};
  }
  const VF d_scale = hn::IfThenElseZero(kept, load(sums.scale.at + j));
  const VF difference = hn::Sub(hn::Mul(range_max, b), hn::Neg(hn::Mul(range_min, a)));
  const VF side = hn::IfThenElseZero(hn::Gt(difference, zero), one);
  const VF other = hn::IfThenElseZero(hn::Lt(difference, zero), one);
  const VF to_positive = hn::Add(half, hn::Mul(half, hn::Sub(side, other)));
  const VF d_magnitude =
      hn::Mul(hn::CopySign(one, difference), hn::Neg(hn::Div(d_scale, hn::Set(F32(), grid.half()))));
  return {hn::Mul(hn::Mul(d_magnitude, hn::Sub(one, to_positive)), hn::Neg(range_min)),
          hn::Mul(hn::Mul(d_magnitude, to_positive), range_max)};
}

/// As step_range_factors, for a range.
HWY_INLINE void step_batch(const IntTuning& layer, GroupRange range, const BatchLevels& levels, const BatchSums& sums,
                           float lr) {
  if (layer.min_scale == nullptr) return;
  const VF rate = hn::Set(F32(), lr), one = hn::Set(F32(), 1.0f), zero = hn::Zero(F32());
  const auto stepped = [&](VF factor, VF gradient)
                           HWY_ATTR { return hn::Min(hn::Max(descend(factor, gradient, rate), zero), one); };
  for_each_vector(
      range,
      [&](int64_t j, const float* range_min, const float* range_max, float* a, float* b) HWY_ATTR {
        const auto d = vector_range_gradient(layer.grid, levels, sums, j, load(range_min), load(range_max), load(a), load(b));
        store(stepped(load(a), d.min_scale), a);
        store(stepped(load(b), d.max_scale), b);
      },
      layer.range_min, layer.range_max, layer.min_scale, layer.max_scale);
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
