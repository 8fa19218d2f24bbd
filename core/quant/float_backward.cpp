#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/float_backward.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/float_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// d level / d quotient; 0 where the quotient was clipped.
HWY_INLINE VF slope_of(const Format& format, Slope slope, VF shifted, VF level) {
  const VF one = hn::Set(F32(), 1.0f);
  const VF magnitude = hn::Abs(shifted);
  VF x = one;
  if (slope == Slope::kRelative) x = hn::IfThenElse(hn::Lt(magnitude, format.min_normal), one, hn::Div(level, shifted));
  if (slope != Slope::kOne) x = hn::IfThenZeroElse(hn::Eq(shifted, hn::Zero(F32())), x);
  return hn::IfThenElseZero(hn::Le(magnitude, format.max), x);
}

/// Adds to the sums and calls use(j, dL/dV) for each vector of the block.
template <typename W, typename U, typename Use>
HWY_INLINE void float_backward_block(const Elements& elements, Slope slope, const W* w, const float* v, const U* u,
                                     float* sums, Use use) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF grad = load(u + j);
    const VF quotient = elements.quotient(load(w + j));
    const VF shifted = hn::Add(quotient, load(v + j));
    const VF level = elements.format.round(shifted);
    const VF chain = slope_of(elements.format, slope, shifted, level);
    add_to(hn::Mul(grad, hn::Sub(level, hn::Mul(chain, quotient))), sums + j);
    use(j, hn::Mul(hn::Mul(grad, elements.out), chain));
  }
}

/// The backward pass of a group; gives the gradient of max_scale. update(dL/dV, p) is called for each vector, p being
/// its place in `target`: V itself for a step, or its gradient buffer.
template <typename W, typename U, typename Update>
HWY_INLINE float float_backward_group(const FloatTuning& layer, const FloatGroup& group, const U* u,
                                      int64_t tile_offset, float* target, Update update) {
  const GroupScale scale = group_scale(layer, group.index);
  const Elements elements(layer, scale);
  const Slope slope = layer.grid.kind.slope;
  const W* weight = static_cast<const W*>(layer.weight.data);
  const float* value = layer.value;
  alignas(64) float sums[kSumLanes] = {};
  for_each_piece(
      group,
      [&](int64_t i) HWY_ATTR {
        float_backward_block(elements, slope, weight + i, value == nullptr ? kZeroOffset : value + i,
                             u + (i - tile_offset), sums, [&](int64_t j, VF d) HWY_ATTR { update(d, target + i + j); });
      },
      [&](int64_t i, int64_t n) HWY_ATTR {
        const Padded<W> w(weight + i, n);
        const Padded<float> v(value == nullptr ? kZeroOffset : value + i, n);
        const Padded<U> grad(u + (i - tile_offset), n);
        Padded<float> out(target + i, n);
        float_backward_block(elements, slope, w.data, v.data, grad.data, sums,
                             [&](int64_t j, VF d) HWY_ATTR { update(d, out.data + j); });
        out.copy_to(target + i, n);
      });
  if (layer.max_scale == nullptr) return 0.0f;
  return max_scale_gradient(layer, group.index, scale, tree_sum_lanes(sums));
}

template <typename W, typename U, typename Out>
void float_sign_step_rows(const FloatTuning& layer, RowRange rows, const U* u, SignStep step, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  const VF lr = hn::Set(F32(), step.lr);
  for_each_group(layer.grid, rows, [&](const FloatGroup& group) HWY_ATTR {
    const float gradient = float_backward_group<W>(layer, group, u, tile_offset, layer.value,
                                                   [&](VF d, float* v) HWY_ATTR { store(descend(load(v), d, lr), v); });
    step_max_scale(layer, group.index, gradient, step.lr_minmax);
    if (out != nullptr) write_group<W>(layer, group, tile_offset, out);
  });
}

template <typename W, typename U>
void float_accumulate_rows(const FloatTuning& layer, RowRange rows, const U* u, bool first, const FloatGradients& to) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_group(layer.grid, rows, [&](const FloatGroup& group) HWY_ATTR {
    const float gradient =
        float_backward_group<W>(layer, group, u, tile_offset, to.value,
                                [&](VF d, float* p) HWY_ATTR { store(first ? d : hn::Add(load(p), d), p); });
    if (layer.max_scale == nullptr) return;
    float& sum = to.max_scale[group.index];
    sum = first ? gradient : sum + gradient;
  });
}

void FloatSignStep(const FloatTuning& layer, RowRange rows, ConstReals dwq, SignStep step, Reals next) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      with_type(next.type, [&](auto o) {
        float_sign_step_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), step,
                                          static_cast<decltype(o)*>(next.data));
      });
    });
  });
}

void FloatAccumulate(const FloatTuning& layer, RowRange rows, ConstReals dwq, bool first, const FloatGradients& to) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(dwq.type, [&](auto u) {
      float_accumulate_rows<decltype(w)>(layer, rows, static_cast<const decltype(u)*>(dwq.data), first, to);
    });
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(FloatSignStep);
HWY_EXPORT(FloatAccumulate);
}  // namespace

void sign_step(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  HWY_DYNAMIC_DISPATCH(FloatSignStep)(layer, rows, dwq, step, wq_next);
}
void accumulate_gradients(const FloatTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const FloatGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(FloatAccumulate)(layer, rows, dwq, first, gradients);
}

}  // namespace ar::quant
#endif
