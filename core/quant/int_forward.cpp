#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/int_forward.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

template <typename W, typename Out>
void fake_quant_rows(const IntTuning& layer, RowRange rows, Out* out) {
  const int64_t tile_offset = rows.begin * layer.grid.cols;
  for_each_batch(layer.grid, rows, [&](GroupRange range) HWY_ATTR {
    clamp_batch(layer, range);
    write_batch<W>(layer, range, tile_offset, out);
  });
}

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
  for_each_batch(layer.grid, rows, [&](GroupRange range) HWY_ATTR {
    for_each_group<W>(layer, range, [&](int64_t, const Group<W>& group) HWY_ATTR {
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
  });
}

/// Codes as exporters derive them: from the rounded Wq, the scale and the zero point.
struct Coder {
  VF zero, top, minimum, inverse;
  bool real_zero;
  HWY_INLINE Coder(const IntGrid& grid, const GroupLevels& g)
      : zero(hn::Set(F32(), stored_zero(grid, g))),
        top(hn::Set(F32(), grid.top())),
        minimum(hn::Set(F32(), stored_zero(grid, g) * g.scale)),
        inverse(hn::Set(F32(), 1.0f / g.scale)),
        real_zero(grid.real_zero) {}
  HWY_INLINE VF code(const Levels& levels, VF wq) const {
    if (real_zero) return hn::Trunc(hn::Add(hn::Mul(hn::Add(wq, minimum), inverse), hn::Set(F32(), 0.5f)));
    const VF shifted = hn::Add(levels.quotient(wq), zero);
    return round_even(levels.narrow ? round_to_bf16(shifted) : shifted);
  }
};

template <typename W>
HWY_INLINE void code_block(const Levels& levels, const Coder& coder, const W* w, const float* v, uint8_t* codes) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF raw = hn::Mul(levels.scale, levels.level(levels.code(levels.quotient(load(w + j)), load(v + j))));
    const VF wq = std::is_same_v<W, Bf16> ? round_to_bf16(raw) : raw;
    const VF code = coder.code(levels, wq);
    const auto whole = hn::ConvertTo(I32(), hn::Min(hn::Max(code, hn::Zero(F32())), coder.top));
    hn::StoreU(hn::DemoteTo(U8(), whole), U8(), codes + j);
  }
}

template <typename W>
HWY_INLINE void finish_group(const IntTuning& layer, const Group<W>& group, const GroupLevels& scalar,
                             const IntPlanes& planes) {
  const float stored = stored_zero(layer.grid, scalar);
  planes.scale[group.index] = scalar.scale;
  if (planes.zero_point != nullptr) planes.zero_point[group.index] = stored;
  const Levels levels(scalar, narrow_quotient(layer));
  const Coder coder(layer.grid, scalar);
  const int64_t stride = group.value == nullptr ? 0 : 1;
  const float* value = group.value == nullptr ? kNoOffset : group.value;
  uint8_t* codes = planes.codes + group.offset;
  for_each_block(
      group.size,
      [&](int64_t k) HWY_ATTR { code_block(levels, coder, group.weight + k, value + k * stride, codes + k); },
      [&](int64_t k, int64_t n) HWY_ATTR {
        const Padded<W> w(group.weight + k, n);
        const Padded<float> v(value + k * stride, n);
        Padded<uint8_t> c;
        code_block(levels, coder, w.data, v.data, c.data);
        c.copy_to(codes + k, n);
      });
}

template <typename W>
void finish_rows(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  for_each_batch(layer.grid, rows, [&](GroupRange range) HWY_ATTR {
    clamp_batch(layer, range);
    const BatchLevels levels = batch_levels(layer, range);
    for_each_group<W>(layer, range, [&](int64_t g, const Group<W>& group) HWY_ATTR {
      finish_group(layer, group, levels.at(layer, g), planes);
    });
  });
}

void FakeQuant(const IntTuning& layer, RowRange rows, Reals wq) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(wq.type, [&](auto o) { fake_quant_rows<decltype(w)>(layer, rows, static_cast<decltype(o)*>(wq.data)); });
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
void finish(const IntTuning& layer, RowRange rows, const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(Finish)(layer, rows, planes);
}

}  // namespace ar::quant
#endif
