// Groups, blocks and levels of the integer kernels, and the forward pass that both of them use. Compiled once per
// instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_INT_GROUP_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_INT_GROUP_INL_
#undef AR_QUANT_INT_GROUP_INL_
#else
#define AR_QUANT_INT_GROUP_INL_
#endif

#include <algorithm>
#include <type_traits>

#include "core/quant/int_levels-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
using tensor::ConstReals;
using tensor::Reals;

/// Stands for V where there is none: adding -0 changes no number.
alignas(64) constexpr float kNoOffset[kSumLanes] = {-0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f,
                                                    -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f};

/// GroupLevels spread over lanes.
struct Levels {
  VF scale, low, high, shift, add, sub;
  bool narrow;
  HWY_INLINE Levels(const GroupLevels& g, bool narrow_)
      : scale(hn::Set(F32(), g.scale)),
        low(hn::Set(F32(), g.low)),
        high(hn::Set(F32(), g.high)),
        shift(hn::Set(F32(), g.shift)),
        add(hn::Set(F32(), g.add)),
        sub(hn::Set(F32(), g.sub)),
        narrow(narrow_) {}
  HWY_INLINE VF quotient(VF w) const {
    const VF x = hn::Div(w, scale);
    return narrow ? round_to_bf16(x) : x;
  }
  HWY_INLINE VF code(VF quotient, VF value) const { return hn::Add(round_even(hn::Add(hn::Add(quotient, value), shift)), add); }
  HWY_INLINE VF level(VF code) const { return hn::Sub(hn::Min(hn::Max(code, low), high), sub); }
};

template <typename W>
struct Group {
  const W* weight;
  float* value;  // null: no offset
  int64_t size;
  int64_t index;
  int64_t offset;
};

/// Calls body(g, group) for the groups of a range, g counting from 0.
template <typename W, typename Body>
HWY_INLINE void for_each_group(const IntTuning& layer, GroupRange range, Body body) {
  const IntGrid& grid = layer.grid;
  const int64_t row = range.first / grid.groups();
  int64_t column = (range.first - row * grid.groups()) * grid.group;
  int64_t offset = row * grid.cols + column;
  for (int64_t g = 0; g < range.n; ++g) {
    const int64_t size = std::min(grid.group, grid.cols - column);
    body(g, Group<W>{static_cast<const W*>(layer.weight.data) + offset,
                     layer.value == nullptr ? nullptr : layer.value + offset, size, range.first + g, offset});
    offset += size;
    column += size;
    if (column == grid.cols) column = 0;
  }
}

template <typename W, typename Out>
HWY_INLINE void write_block(const Levels& levels, const W* w, const float* v, Out* out) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF code = levels.code(levels.quotient(load(w + j)), load(v + j));
    const VF wq = hn::Mul(levels.scale, levels.level(code));
    store(std::is_same_v<W, Bf16> && std::is_same_v<Out, float> ? round_to_bf16(wq) : wq, out + j);
  }
}

template <typename W, typename Out>
HWY_INLINE void write_group(const Group<W>& group, const Levels& levels, Out* out) {
  const int64_t stride = group.value == nullptr ? 0 : 1;
  const float* value = group.value == nullptr ? kNoOffset : group.value;
  for_each_block(
      group.size, [&](int64_t k) HWY_ATTR { write_block(levels, group.weight + k, value + k * stride, out + k); },
      [&](int64_t k, int64_t n) HWY_ATTR {
        const Padded<W> w(group.weight + k, n);
        const Padded<float> v(value + k * stride, n);
        Padded<Out> q;
        write_block(levels, w.data, v.data, q.data);
        q.copy_to(out + k, n);
      });
}

/// Wq of a range of groups. `out` begins with element `tile_offset` of the matrix.
template <typename W, typename Out>
HWY_INLINE void write_batch(const IntTuning& layer, GroupRange range, int64_t tile_offset, Out* out) {
  const BatchLevels levels = batch_levels(layer, range);
  for_each_group<W>(layer, range, [&](int64_t g, const Group<W>& group) HWY_ATTR {
    write_group(group, Levels(levels.at(layer, g), narrow_quotient(layer)), out + (group.offset - tile_offset));
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
