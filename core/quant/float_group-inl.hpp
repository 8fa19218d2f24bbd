// Groups, blocks and elements of the floating point kernels, and the forward pass that all of them use. Compiled once
// per instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_FLOAT_GROUP_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_FLOAT_GROUP_INL_
#undef AR_QUANT_FLOAT_GROUP_INL_
#else
#define AR_QUANT_FLOAT_GROUP_INL_
#endif

#include <algorithm>
#include <type_traits>

#include "core/quant/blocks-inl.hpp"
#include "core/quant/float_scale.hpp"
#include "core/quant/float_tuning.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
using tensor::ConstReals;
using tensor::Reals;

/// Stands for V where there is none.
alignas(64) constexpr float kZeroOffset[kSumLanes] = {};

/// A FloatFormat spread over lanes.
struct Format {
  VF max, min_normal;
  int mantissa_bits;
  HWY_INLINE explicit Format(const FloatFormat& f)
      : max(hn::Set(F32(), f.max)), min_normal(hn::Set(F32(), f.min_normal())), mantissa_bits(f.mantissa_bits) {}

  /// round_to of float_formats.hpp.
  HWY_INLINE VF round(VF x) const {
    const U32 d;
    const VF magnitude = hn::Min(hn::Abs(x), max);
    const auto exponent = hn::And(hn::BitCast(d, hn::Max(magnitude, min_normal)), hn::Set(d, 0x7f800000u));
    const auto shift = hn::Set(d, static_cast<uint32_t>(23 - mantissa_bits) << 23);
    const VF anchor = hn::BitCast(F32(), hn::Add(exponent, shift));
    return hn::CopySign(hn::Sub(hn::Add(magnitude, anchor), anchor), x);
  }
};

/// One group's scale and its format spread over lanes.
struct Elements {
  Format format;
  VF in, out;
  bool divide, narrow;
  HWY_INLINE Elements(const FloatTuning& layer, const GroupScale& scale)
      : format(layer.grid.kind.element),
        in(hn::Set(F32(), scale.in)),
        out(hn::Set(F32(), scale.out)),
        divide(divides(layer.grid.kind.rule)),
        narrow(layer.narrow) {}
  HWY_INLINE VF quotient(VF w) const {
    const VF x = divide ? hn::Div(w, in) : hn::Mul(w, in);
    return narrow ? round_to_bf16(x) : x;
  }
  template <typename W>
  HWY_INLINE VF dequantized(VF level) const {
    const VF wq = hn::Mul(level, out);
    return std::is_same_v<W, Bf16> ? round_to_bf16(wq) : wq;
  }
};

/// `height` rows of `width` columns.
struct FloatGroup {
  int64_t index;
  int64_t offset;  // of its first element in the matrix
  int64_t width;
  int64_t height;
  int64_t cols;
};

template <typename Body>
HWY_INLINE void for_each_group(const FloatGrid& grid, RowRange rows, Body body) {
  const int64_t groups = grid.groups();
  for (int64_t row = rows.begin; row < rows.end; row += grid.group_rows)
    for (int64_t g = 0; g < groups; ++g)
      body(FloatGroup{row / grid.group_rows * groups + g, row * grid.cols + g * grid.group,
                      std::min(grid.group, grid.cols - g * grid.group), std::min(grid.group_rows, rows.end - row),
                      grid.cols});
}

/// Calls block(i) or tail(i, n) for the pieces of every row of a group, i in the matrix.
template <typename Block, typename Tail>
HWY_INLINE void for_each_piece(const FloatGroup& group, Block block, Tail tail) {
  for (int64_t r = 0; r < group.height; ++r) {
    const int64_t first = group.offset + r * group.cols;
    for_each_block(
        group.width, [&](int64_t k) HWY_ATTR { block(first + k); },
        [&](int64_t k, int64_t n) HWY_ATTR { tail(first + k, n); });
  }
}

template <typename W, typename Out>
HWY_INLINE void write_block(const Elements& elements, const W* w, const float* v, Out* out) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF level = elements.format.round(hn::Add(elements.quotient(load(w + j)), load(v + j)));
    const VF wq = hn::Mul(level, elements.out);
    store(std::is_same_v<W, Bf16> && std::is_same_v<Out, float> ? round_to_bf16(wq) : wq, out + j);
  }
}

template <typename W, typename Out>
HWY_INLINE void write_group(const FloatTuning& layer, const FloatGroup& group, int64_t tile_offset, Out* out) {
  const Elements elements(layer, group_scale(layer, group.index));
  const W* weight = static_cast<const W*>(layer.weight.data);
  const float* value = layer.value;
  for_each_piece(
      group,
      [&](int64_t i) HWY_ATTR {
        write_block(elements, weight + i, value == nullptr ? kZeroOffset : value + i, out + (i - tile_offset));
      },
      [&](int64_t i, int64_t n) HWY_ATTR {
        const Padded<W> w(weight + i, n);
        const Padded<float> v(value == nullptr ? kZeroOffset : value + i, n);
        Padded<Out> q;
        write_block(elements, w.data, v.data, q.data);
        q.copy_to(out + (i - tile_offset), n);
      });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
