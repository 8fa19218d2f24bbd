#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/int_backward.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

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

/// The backward pass of group g of a range. update(dL/dV, p) is called for each vector, p being its place in `target`: V
/// itself for a step, or its gradient buffer.
template <typename W, typename U, typename Update>
HWY_INLINE void backward_group(const Group<W>& group, const Levels& levels, const U* u, float* target, BatchSums& to,
                               int64_t g, Update update) {
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
  to.scale.at[g] = tree_sum_lanes(sums.scale);
  to.clipped.at[g] = tree_sum_lanes(sums.clipped);
}

/// The backward pass of a range of groups. `u` begins with element `tile_offset` of the matrix, `target` with its first.
template <typename W, typename U, typename Update>
HWY_INLINE BatchSums backward_batch(const IntTuning& layer, GroupRange range, const BatchLevels& levels, const U* u,
                                    int64_t tile_offset, float* target, Update update) {
  BatchSums sums;
  for_each_group<W>(layer, range, [&](int64_t g, const Group<W>& group) HWY_ATTR {
    backward_group(group, Levels(levels.at(layer, g), narrow_quotient(layer)), u + (group.offset - tile_offset),
                   target + group.offset, sums, g, update);
  });
  return sums;
}

template <typename W, typename U, typename Out>
void sign_step_rows(const IntTuning& layer, RowRange rows, const U* u, SignStep step, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  const VF lr = hn::Set(F32(), step.lr);
  for_each_batch(layer.grid, rows, [&](GroupRange range) HWY_ATTR {
    const BatchLevels levels = batch_levels(layer, range);
    const BatchSums sums = backward_batch<W>(layer, range, levels, u, tile_offset, layer.value,
                                             [&](VF d, float* v) HWY_ATTR { store(descend(load(v), d, lr), v); });
    step_batch(layer, range, levels, sums, step.lr_minmax);
    if (out != nullptr) write_batch<W>(layer, range, tile_offset, out);
  });
}

template <typename W, typename U>
void accumulate_rows(const IntTuning& layer, RowRange rows, const U* u, bool first, const IntGradients& to) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  const auto put = [first](VF d, float* p) HWY_ATTR { store(first ? d : hn::Add(load(p), d), p); };
  for_each_batch(layer.grid, rows, [&](GroupRange range) HWY_ATTR {
    const BatchLevels levels = batch_levels(layer, range);
    const BatchSums sums = backward_batch<W>(layer, range, levels, u, tile_offset, to.value, put);
    if (layer.min_scale == nullptr) return;
    for (int64_t g = 0; g < range.n; ++g) {
      const int64_t index = range.first + g;
      const RangeGradient gradient = range_gradient(layer, index, levels.at(layer, g), {sums.scale.at[g], sums.clipped.at[g]});
      float& a = to.min_scale[index];
      float& b = to.max_scale[index];
      a = first ? gradient.min_scale : a + gradient.min_scale;
      b = first ? gradient.max_scale : b + gradient.max_scale;
    }
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

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(SignStepRows);
HWY_EXPORT(Accumulate);
}  // namespace

void sign_step(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, SignStep step, tensor::Reals wq_next) {
  HWY_DYNAMIC_DISPATCH(SignStepRows)(layer, rows, dwq, step, wq_next);
}
void accumulate_gradients(const IntTuning& layer, RowRange rows, tensor::ConstReals dwq, bool first,
                          const IntGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(Accumulate)(layer, rows, dwq, first, gradients);
}

}  // namespace ar::quant
#endif
