#include <algorithm>
#include <cstring>

#include "core/quant/int_scale.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/tensor/lane_sum.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/int_kernels.cpp"
#include <hwy/foreach_target.h>

#include "core/tensor/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
using namespace tensor::HWY_NAMESPACE;

using tensor::Bf16;
using tensor::ConstReals;
using tensor::kSumLanes;
using tensor::Real;
using tensor::Reals;

/// Stands for V where there is none: adding -0 changes no number.
alignas(64) constexpr float kNoOffset[kSumLanes] = {-0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f,
                                                    -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f};

/// GroupLevels spread over lanes.
struct Levels {
  VF scale, low, high, add, sub;
  bool narrow;
  HWY_INLINE Levels(const GroupLevels& g, bool narrow_)
      : scale(hn::Set(F32(), g.scale)), low(hn::Set(F32(), g.low)), high(hn::Set(F32(), g.high)),
        add(hn::Set(F32(), g.add)), sub(hn::Set(F32(), g.sub)), narrow(narrow_) {}
  HWY_INLINE VF quotient(VF w) const {
    const VF x = hn::Div(w, scale);
    return narrow ? round_to_bf16(x) : x;
  }
  HWY_INLINE VF code(VF quotient, VF value) const { return hn::Add(round_even(hn::Add(quotient, value)), add); }
  HWY_INLINE VF level(VF code) const { return hn::Sub(hn::Min(hn::Max(code, low), high), sub); }
};

/// Calls block(k) for k = 0, 16, ... while a whole block is left, then tail(k, n) for the rest.
template <typename Block, typename Tail>
HWY_INLINE void for_each_block(int64_t size, Block block, Tail tail) {
  int64_t k = 0;
  for (; k + kSumLanes <= size; k += kSumLanes) block(k);
  if (k < size) tail(k, size - k);
}

/// The last elements of a group in a full-length block of their own, zeros behind them.
template <typename T>
struct Padded {
  T data[kSumLanes] = {};
  Padded(const T* from, int64_t n) { std::memcpy(data, from, static_cast<size_t>(n) * sizeof(T)); }
  Padded() = default;
  void copy_to(T* to, int64_t n) const { std::memcpy(to, data, static_cast<size_t>(n) * sizeof(T)); }
};

template <typename W>
struct Group {
  const W* weight;
  float* value;  // null: no offset
  int64_t size;
  int64_t index;
  int64_t offset;
};

template <typename W, typename Body>
HWY_INLINE void for_each_group(const IntTuning& layer, RowRange rows, Body body) {
  const IntGrid& grid = layer.grid;
  const W* weight = static_cast<const W*>(layer.weight.data);
  const int64_t groups = grid.groups();
  for (int64_t row = rows.begin; row < rows.end; ++row)
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t offset = row * grid.cols + g * grid.group;
      body(Group<W>{weight + offset, layer.value == nullptr ? nullptr : layer.value + offset,
                    std::min(grid.group, grid.cols - g * grid.group), row * groups + g, offset});
    }
}

// ---- forward

template <typename W, typename Out>
HWY_INLINE void write_block(const Levels& levels, const W* w, const float* v, Out* out) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF code = levels.code(levels.quotient(load(w + j)), load(v + j));
    const VF wq = hn::Mul(levels.scale, levels.level(code));
    store(std::is_same_v<W, Bf16> && std::is_same_v<Out, float> ? round_to_bf16(wq) : wq, out + j);
  }
}

template <typename W, typename Out>
HWY_INLINE void write_group(const IntTuning& layer, const Group<W>& group, Out* out) {
  const Levels levels(group_levels(layer, group.index), narrow_quotient(layer));
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

template <typename W, typename Out>
void fake_quant_rows(const IntTuning& layer, RowRange rows, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_group<W>(layer, rows, [&](const Group<W>& group) HWY_ATTR {
    clamp_range_factors(layer, group.index);
    write_group(layer, group, out + (group.offset - tile_offset));
  });
}

// ---- backward

struct Sums {
  alignas(64) float scale[kSumLanes] = {};
  alignas(64) float clipped[kSumLanes] = {};
};

/// Adds to the sums and calls use(j, dL/dV) for each vector of the block.
template <typename W, typename U, typename Use>
HWY_INLINE void backward_block(const Levels& levels, const W* w, const float* v, const U* u, Sums& sums, Use use) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF grad = load(u + j);
    const VF quotient = levels.quotient(load(w + j));
    const VF code = levels.code(quotient, load(v + j));
    const auto inside = hn::And(hn::Ge(code, levels.low), hn::Le(code, levels.high));
    const VF excess = hn::Sub(levels.level(code), hn::IfThenElseZero(inside, quotient));
    add_to(hn::Mul(grad, excess), sums.scale + j);
    add_to(hn::IfThenZeroElse(inside, grad), sums.clipped + j);
    use(j, hn::IfThenElseZero(inside, hn::Mul(grad, levels.scale)));
  }
}

/// v - lr * sign(d), where zero and NaN have no sign.
HWY_INLINE VF descend(VF v, VF d, VF lr) {
  const VF zero = hn::Zero(F32());
  const auto moves = hn::Or(hn::Gt(d, zero), hn::Lt(d, zero));
  return hn::Sub(v, hn::IfThenElseZero(moves, hn::CopySign(lr, d)));
}

/// Runs the backward pass of a group; `update` is a functor on (value block or gradient block, j, dL/dV) with its own
/// target array, so that stepping and accumulating share the loop.
template <typename W, typename U, typename Update>
HWY_INLINE RangeGradient backward_group(const IntTuning& layer, const Group<W>& group, const U* u, float* target,
                                        Update update) {
  const GroupLevels scalar = group_levels(layer, group.index);
  const Levels levels(scalar, narrow_quotient(layer));
  Sums sums;
  for_each_block(
      group.size,
      [&](int64_t k) HWY_ATTR {
        backward_block(levels, group.weight + k, group.value + k, u + k, sums,
                       [&](int64_t j, VF d) HWY_ATTR { update(d, target + k + j); });
      },
      [&](int64_t k, int64_t n) HWY_ATTR {
        const Padded<W> w(group.weight + k, n);
        const Padded<float> v(group.value + k, n);
        const Padded<U> grad(u + k, n);
        Padded<float> out(target + k, n);
        backward_block(levels, w.data, v.data, grad.data, sums,
                       [&](int64_t j, VF d) HWY_ATTR { update(d, out.data + j); });
        out.copy_to(target + k, n);
      });
  if (layer.min_scale == nullptr) return {0.0f, 0.0f};
  return range_gradient(layer, group.index, scalar, {tree_sum_lanes(sums.scale), tree_sum_lanes(sums.clipped)});
}

template <typename W, typename U, typename Out>
void sign_step_rows(const IntTuning& layer, RowRange rows, const U* u, SignStep step, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  const VF lr = hn::Set(F32(), step.lr);
  for_each_group<W>(layer, rows, [&](const Group<W>& group) HWY_ATTR {
    const RangeGradient gradient =
        backward_group(layer, group, u + (group.offset - tile_offset), group.value,
                       [&](VF d, float* v) HWY_ATTR { store(descend(load(v), d, lr), v); });
    step_range_factors(layer, group.index, gradient, step.lr_minmax);
    if (out != nullptr) write_group(layer, group, out + (group.offset - tile_offset));
  });
}

template <typename W, typename U>
void accumulate_rows(const IntTuning& layer, RowRange rows, const U* u, bool first, const IntGradients& to) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_group<W>(layer, rows, [&](const Group<W>& group) HWY_ATTR {
    const RangeGradient gradient =
        backward_group(layer, group, u + (group.offset - tile_offset), to.value + group.offset,
                       [&](VF d, float* p) HWY_ATTR { store(first ? d : hn::Add(load(p), d), p); });
    if (layer.min_scale == nullptr) return;
    float& a = to.min_scale[group.index];
    float& b = to.max_scale[group.index];
    a = first ? gradient.min_scale : a + gradient.min_scale;
    b = first ? gradient.max_scale : b + gradient.max_scale;
  });
}

// ---- ranges and codes

template <typename W>
HWY_INLINE void range_block(const W* w, float* low, float* high) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF x = load(w + j);
    store(hn::Min(load(low + j), x), low + j);
    store(hn::Max(load(high + j), x), high + j);
  }
}

template <typename W>
void ranges_rows(const IntTuning& layer, RowRange rows, float* range_min, float* range_max) {
  for_each_group<W>(layer, rows, [&](const Group<W>& group) HWY_ATTR {
    alignas(64) float low[kSumLanes] = {};
    alignas(64) float high[kSumLanes] = {};
    for_each_block(
        group.size, [&](int64_t k) HWY_ATTR { range_block(group.weight + k, low, high); },
        [&](int64_t k, int64_t n) HWY_ATTR {
          const Padded<W> w(group.weight + k, n);
          range_block(w.data, low, high);
        });
    range_min[group.index] = *std::min_element(low, low + kSumLanes);
    range_max[group.index] = *std::max_element(high, high + kSumLanes);
  });
}

/// Codes as exporters derive them: from the rounded Wq, the scale and the zero point.
template <typename W>
HWY_INLINE void code_block(const Levels& levels, VF zero, VF top, const W* w, const float* v, uint8_t* codes) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF raw = hn::Mul(levels.scale, levels.level(levels.code(levels.quotient(load(w + j)), load(v + j))));
    const VF wq = std::is_same_v<W, Bf16> ? round_to_bf16(raw) : raw;
    const VF shifted = hn::Add(levels.quotient(wq), zero);
    const VF code = round_even(levels.narrow ? round_to_bf16(shifted) : shifted);
    const auto whole = hn::ConvertTo(I32(), hn::Min(hn::Max(code, hn::Zero(F32())), top));
    hn::StoreU(hn::DemoteTo(U8(), whole), U8(), codes + j);
  }
}

template <typename W>
void finish_rows(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  const VF top = hn::Set(F32(), layer.grid.top());
  for_each_group<W>(layer, rows, [&](const Group<W>& group) HWY_ATTR {
    clamp_range_factors(layer, group.index);
    const GroupLevels scalar = group_levels(layer, group.index);
    const float stored = stored_zero(layer.grid, scalar);
    planes.scale[group.index] = scalar.scale;
    if (planes.zero_point != nullptr) planes.zero_point[group.index] = stored;
    const Levels levels(scalar, narrow_quotient(layer));
    const VF zero = hn::Set(F32(), stored);
    const int64_t stride = group.value == nullptr ? 0 : 1;
    const float* value = group.value == nullptr ? kNoOffset : group.value;
    uint8_t* codes = planes.codes + group.offset;
    for_each_block(
        group.size,
        [&](int64_t k) HWY_ATTR {
          code_block(levels, zero, top, group.weight + k, value + k * stride, codes + k);
        },
        [&](int64_t k, int64_t n) HWY_ATTR {
          const Padded<W> w(group.weight + k, n);
          const Padded<float> v(value + k * stride, n);
          Padded<uint8_t> c;
          code_block(levels, zero, top, w.data, v.data, c.data);
          c.copy_to(codes + k, n);
        });
  });
}

// ---- types, chosen once a call

template <typename Body>
HWY_INLINE void with_type(Real type, Body body) {
  if (type == Real::kF32) body(float());
  else body(Bf16());
}

void FakeQuant(const IntTuning& layer, RowRange rows, Reals wq) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(wq.type, [&](auto o) {
      fake_quant_rows<decltype(w)>(layer, rows, static_cast<decltype(o)*>(wq.data));
    });
  });
}

void SignStepRows(const IntTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals next) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      with_type(next.type, [&](auto o) {
        sign_step_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), step,
                                    static_cast<decltype(o)*>(next.data));
      });
    });
  });
}

void Accumulate(const IntTuning& layer, RowRange rows, ConstReals dwq, bool first, const IntGradients& to) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      accumulate_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), first, to);
    });
  });
}

void Finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  with_type(layer.weight.type, [&](auto w) { finish_rows<decltype(w)>(layer, rows, planes); });
}

void Ranges(const IntTuning& layer, RowRange rows, float* range_min, float* range_max) {
  with_type(layer.weight.type, [&](auto w) { ranges_rows<decltype(w)>(layer, rows, range_min, range_max); });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(FakeQuant);
HWY_EXPORT(SignStepRows);
HWY_EXPORT(Accumulate);
HWY_EXPORT(Finish);
HWY_EXPORT(Ranges);
}  // namespace

void group_ranges(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, float* range_min, float* range_max) {
  const IntTuning layer{grid, weight};
  HWY_DYNAMIC_DISPATCH(Ranges)(layer, rows, range_min, range_max);
}
void fake_quant(const IntTuning& layer, RowRange rows, tensor::Reals wq) {
  HWY_DYNAMIC_DISPATCH(FakeQuant)(layer, rows, wq);
}
void sign_step(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  HWY_DYNAMIC_DISPATCH(SignStepRows)(layer, rows, dwq, step, wq_next);
}
void accumulate_gradients(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(Accumulate)(layer, rows, dwq, first, gradients);
}
void finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(Finish)(layer, rows, planes);
}

}  // namespace ar::quant
#endif
