#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_kernels.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_levels.hpp"
#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// Levels of one group of a super-block spread over lanes.
struct KGroupLevels {
  VF scale, min, factor, low, high;
  bool divide;
  HWY_INLINE KGroupLevels(const KLevels& levels, int64_t g)
      : scale(hn::Set(F32(), levels.block.scale[g])),
        min(hn::Set(F32(), levels.block.min[g])),
        factor(hn::Set(F32(), levels.factor[g])),
        low(hn::Set(F32(), levels.low)),
        high(hn::Set(F32(), levels.high)),
        divide(levels.divide) {}
  HWY_INLINE VF quotient(VF w) const {
    const VF shifted = hn::Add(w, min);
    return divide ? hn::Div(shifted, factor) : hn::Mul(shifted, factor);
  }
  HWY_INLINE VF clamped(VF code) const { return hn::Min(hn::Max(code, low), high); }
  template <typename W>
  HWY_INLINE VF dequantized(VF code) const {
    const VF wq = hn::Sub(hn::Mul(scale, code), min);
    return std::is_same_v<W, Bf16> ? round_to_bf16(wq) : wq;
  }
};

/// Calls body(g, k) for every vector of a super-block: k is its place there, g its group.
template <typename Body>
HWY_INLINE void for_each_vector(const KGrid& grid, int64_t g, Body body) {
  for (int64_t k = g * grid.group(); k < (g + 1) * grid.group(); k += hn::Lanes(F32())) body(k);
}

/// V of a vector; kNoOffset's zeros where there is none.
HWY_INLINE VF offset_at(const float* value, int64_t k) {
  return value == nullptr ? hn::Set(F32(), -0.0f) : load(value + k);
}

template <typename W, typename Out>
void write_super(const KTuning& layer, const Super& super, Out* out) {
  const KLevels levels = super_levels(layer, super);
  const W* w = static_cast<const W*>(layer.weight.data) + super.offset;
  const float* value = layer.value == nullptr ? nullptr : layer.value + super.offset;
  for (int64_t g = 0; g < layer.grid.groups(); ++g) {
    const KGroupLevels group(levels, g);
    for_each_vector(layer.grid, g, [&](int64_t k) HWY_ATTR {
      const VF code = round_even(hn::Add(group.quotient(load(w + k)), offset_at(value, k)));
      store(group.template dequantized<W>(group.clamped(code)), out + k);
    });
  }
}

template <typename W, typename Out>
void fake_quant_rows(const KTuning& layer, RowRange rows, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_super(layer.grid, rows, [&](const Super& super) HWY_ATTR {
    clamp_range_factors(layer, super);
    write_super<W>(layer, super, out + (super.offset - tile_offset));
  });
}

/// The backward pass of a super-block. update(dL/dV, p) is called for each vector, p being its place in `target`: V
/// itself for a step, or its gradient buffer.
template <typename W, typename U, typename Update>
HWY_INLINE KRangeGradient backward_super(const KTuning& layer, const Super& super, const U* u, float* target,
                                         Update update) {
  const KLevels levels = super_levels(layer, super);
  const W* w = static_cast<const W*>(layer.weight.data) + super.offset;
  const float* value = layer.value + super.offset;
  KSums sums;
  for (int64_t g = 0; g < layer.grid.groups(); ++g) {
    const KGroupLevels group(levels, g);
    alignas(64) float scale[kSumLanes] = {}, clipped[kSumLanes] = {};
    for_each_vector(layer.grid, g, [&](int64_t k) HWY_ATTR {
      const VF grad = load(u + k);
      const VF quotient = group.quotient(load(w + k));
      const VF code = round_even(hn::Add(quotient, load(value + k)));
      const auto inside = hn::And(hn::Ge(code, group.low), hn::Le(code, group.high));
      const VF excess = hn::Sub(group.clamped(code), hn::IfThenElseZero(inside, quotient));
      add_to(hn::Mul(grad, excess), scale + k % kSumLanes);
      add_to(hn::IfThenZeroElse(inside, grad), clipped + k % kSumLanes);
      update(hn::IfThenElseZero(inside, hn::Mul(grad, group.scale)), target + k);
    });
    sums.scale[g] = tree_sum_lanes(scale);
    sums.clipped[g] = tree_sum_lanes(clipped);
  }
  if (layer.min_scale == nullptr) return {};
  return range_gradient(layer, super, levels, sums);
}

template <typename W, typename U, typename Out>
void sign_step_rows(const KTuning& layer, RowRange rows, const U* u, SignStep step, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  const VF lr = hn::Set(F32(), step.lr);
  for_each_super(layer.grid, rows, [&](const Super& super) HWY_ATTR {
    const int64_t at = super.offset - tile_offset;
    const KRangeGradient gradient =
        backward_super<W>(layer, super, u + at, layer.value + super.offset,
                          [&](VF d, float* v) HWY_ATTR { store(descend(load(v), d, lr), v); });
    step_range_factors(layer, super, gradient, step.lr_minmax);
    if (out != nullptr) write_super<W>(layer, super, out + at);
  });
}

template <typename W, typename U>
void accumulate_rows(const KTuning& layer, RowRange rows, const U* u, bool first, const IntGradients& to) {
  const int64_t tile_offset = rows.begin * layer.grid.cols, n = layer.grid.groups();
  const auto put = [first](float& at, float x) { at = first ? x : at + x; };
  for_each_super(layer.grid, rows, [&](const Super& super) HWY_ATTR {
    const KRangeGradient gradient =
        backward_super<W>(layer, super, u + (super.offset - tile_offset), to.value + super.offset,
                          [&](VF d, float* p) HWY_ATTR { store(first ? d : hn::Add(load(p), d), p); });
    if (layer.min_scale == nullptr) return;
    for (int64_t g = 0; g < n; ++g) {
      put(to.min_scale[super.index * n + g], gradient.min_scale[g]);
      put(to.max_scale[super.index * n + g], gradient.max_scale[g]);
    }
  });
}

/// block_coder's formula spread over lanes.
struct KCoder {
  VF offset, factor, shift, low, high;
  HWY_INLINE KCoder(const BlockCoder& coder, int64_t g)
      : offset(hn::Set(F32(), coder.offset[g])),
        factor(hn::Set(F32(), coder.factor[g])),
        shift(hn::Set(F32(), coder.shift)),
        low(hn::Set(F32(), coder.low)),
        high(hn::Set(F32(), coder.high)) {}
  template <bool kDivide>
  HWY_INLINE hn::Vec<I32> code(VF wq) const {
    const VF shifted = hn::Add(wq, offset);
    VF quotient = kDivide ? hn::Div(shifted, factor) : hn::Mul(shifted, factor);
    if (kDivide) quotient = hn::IfThenElseZero(hn::Eq(quotient, quotient), quotient);  // 0 / 0: no scale
    const VF code = hn::Min(hn::Max(round_even(hn::Add(quotient, shift)), low), high);
    return hn::ConvertTo(I32(), hn::Sub(code, low));
  }
};

template <typename W, bool kDivide>
void finish_rows(const KTuning& layer, RowRange rows, const KPlanes& planes) {
  for_each_super(layer.grid, rows, [&](const Super& super) HWY_ATTR {
    clamp_range_factors(layer, super);
    const KLevels levels = super_levels(layer, super);
    const BlockCoder block = block_coder(layer.grid, levels.block);
    store_scales(layer, super, levels.block, block, planes);
    const W* w = static_cast<const W*>(layer.weight.data) + super.offset;
    const float* value = layer.value == nullptr ? nullptr : layer.value + super.offset;
    for (int64_t g = 0; g < layer.grid.groups(); ++g) {
      const KGroupLevels group(levels, g);
      const KCoder coder(block, g);
      for_each_vector(layer.grid, g, [&](int64_t k) HWY_ATTR {
        const VF rounded = round_even(hn::Add(group.quotient(load(w + k)), offset_at(value, k)));
        const auto code = coder.code<kDivide>(group.dequantized<W>(group.clamped(rounded)));
        hn::StoreU(hn::DemoteTo(U8(), code), U8(), planes.codes + super.offset + k);
      });
    }
  });
}

void KFakeQuant(const KTuning& layer, RowRange rows, Reals wq) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(wq.type, [&](auto o) { fake_quant_rows<decltype(w)>(layer, rows, static_cast<decltype(o)*>(wq.data)); });
  });
}

void KSignStepRows(const KTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals next) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      with_type(next.type, [&](auto o) {
        sign_step_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), step,
                                    static_cast<decltype(o)*>(next.data));
      });
    });
  });
}

void KAccumulate(const KTuning& layer, RowRange rows, ConstReals dwq, bool first, const IntGradients& to) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      accumulate_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), first, to);
    });
  });
}

void KFinish(const KTuning& layer, RowRange rows, const KPlanes& planes) {
  with_type(layer.weight.type, [&](auto w) {
    if (layer.grid.bits == 2)
      finish_rows<decltype(w), true>(layer, rows, planes);
    else
      finish_rows<decltype(w), false>(layer, rows, planes);
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(KFakeQuant);
HWY_EXPORT(KSignStepRows);
HWY_EXPORT(KAccumulate);
HWY_EXPORT(KFinish);
}  // namespace

void fake_quant(const KTuning& layer, RowRange rows, tensor::Reals wq) {
  HWY_DYNAMIC_DISPATCH(KFakeQuant)(layer, rows, wq);
}
void sign_step(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  HWY_DYNAMIC_DISPATCH(KSignStepRows)(layer, rows, dwq, step, wq_next);
}
void accumulate_gradients(const KTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(KAccumulate)(layer, rows, dwq, first, gradients);
}
void finish(const KTuning& layer, RowRange rows, const KPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(KFinish)(layer, rows, planes);
}

}  // namespace ar::quant
#endif
