#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/float_forward.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/float_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

template <typename W, typename Out>
void float_fake_quant_rows(const FloatTuning& layer, RowRange rows, Out* out) {
  for_each_group(layer.grid, rows, [&](const FloatGroup& group) HWY_ATTR {
    clamp_max_scale(layer, group.index);
    write_group<W>(layer, group, rows.begin * layer.grid.cols, out);
  });
}

template <typename W>
HWY_INLINE void amax_block(const W* w, float* most) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32()))
    store(hn::Max(load(most + j), hn::Abs(load(w + j))), most + j);
}

template <typename W>
void amax_rows(const FloatGrid& grid, const W* weight, RowRange rows, float* amax) {
  for_each_group(grid, rows, [&](const FloatGroup& group) HWY_ATTR {
    alignas(64) float most[kSumLanes] = {};
    for_each_piece(
        group, [&](int64_t i) HWY_ATTR { amax_block(weight + i, most); },
        [&](int64_t i, int64_t n) HWY_ATTR {
          const Padded<W> w(weight + i, n);
          amax_block(w.data, most);
        });
    amax[group.index] = *std::max_element(most, most + kSumLanes);
  });
}

/// `encode` of float_formats.hpp.
struct Encoder {
  Format format;
  VF subnormal_steps;
  uint32_t offset;
  int sign_shift;
  bool zeros_have_signs;
  HWY_INLINE explicit Encoder(const FloatKind& kind)
      : format(kind.element),
        subnormal_steps(hn::Set(F32(), power_of_two(kind.element.mantissa_bits - kind.element.min_exponent))),
        offset(static_cast<uint32_t>(127 - kind.element.bias()) << kind.element.mantissa_bits),
        sign_shift(32 - kind.element.bits),
        zeros_have_signs(signed_zeros(kind.rule)) {}
  HWY_INLINE hn::Vec<U32> code(VF level) const {
    const U32 d;
    const VF magnitude = hn::Abs(level);
    const auto subnormal = hn::BitCast(d, hn::ConvertTo(I32(), hn::Mul(magnitude, subnormal_steps)));
    const auto normal =
        hn::Sub(hn::ShiftRightSame(hn::BitCast(d, magnitude), 23 - format.mantissa_bits), hn::Set(d, offset));
    const auto small = hn::RebindMask(d, hn::Lt(magnitude, format.min_normal));
    const auto code = hn::IfThenElse(small, subnormal, normal);
    const auto sign = hn::And(hn::BitCast(d, level), hn::Set(d, 0x80000000u));
    const auto signed_code = hn::Or(code, hn::ShiftRightSame(sign, sign_shift));
    if (zeros_have_signs) return signed_code;
    return hn::IfThenZeroElse(hn::Eq(code, hn::Zero(d)), signed_code);
  }
};

template <typename W>
HWY_INLINE void code_block(const Elements& elements, const Encoder& encoder, const W* w, const float* v,
                           uint8_t* codes) {
  for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
    const VF level = elements.format.round(hn::Add(elements.quotient(load(w + j)), load(v + j)));
    const VF stored = elements.quotient(elements.dequantized<W>(level));
    const auto code = encoder.code(elements.format.round(stored));
    hn::StoreU(hn::DemoteTo(U8(), hn::BitCast(I32(), code)), U8(), codes + j);
  }
}

template <typename W>
void float_finish_rows(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes) {
  const Encoder encoder(layer.grid.kind);
  const W* weight = static_cast<const W*>(layer.weight.data);
  const float* value = layer.value;
  for_each_group(layer.grid, rows, [&](const FloatGroup& group) HWY_ATTR {
    clamp_max_scale(layer, group.index);
    const GroupScale scale = group_scale(layer, group.index);
    if (planes.scale != nullptr) planes.scale[group.index] = scale.stored;
    if (planes.scale_codes != nullptr) planes.scale_codes[group.index] = scale_code(layer.grid.kind.rule, scale);
    const Elements elements(layer, scale);
    for_each_piece(
        group,
        [&](int64_t i) HWY_ATTR {
          code_block(elements, encoder, weight + i, value == nullptr ? kZeroOffset : value + i, planes.codes + i);
        },
        [&](int64_t i, int64_t n) HWY_ATTR {
          const Padded<W> w(weight + i, n);
          const Padded<float> v(value == nullptr ? kZeroOffset : value + i, n);
          Padded<uint8_t> c;
          code_block(elements, encoder, w.data, v.data, c.data);
          c.copy_to(planes.codes + i, n);
        });
  });
}

void FloatFakeQuant(const FloatTuning& layer, RowRange rows, Reals wq) {
  with_type(layer.weight.type, [&](auto w) {
    with_type(wq.type,
              [&](auto o) { float_fake_quant_rows<decltype(w)>(layer, rows, static_cast<decltype(o)*>(wq.data)); });
  });
}

void FloatFinish(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes) {
  with_type(layer.weight.type, [&](auto w) { float_finish_rows<decltype(w)>(layer, rows, planes); });
}

void FloatAmax(const FloatGrid& grid, ConstReals weight, RowRange rows, float* amax) {
  with_type(weight.type, [&](auto w) { amax_rows(grid, static_cast<const decltype(w)*>(weight.data), rows, amax); });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(FloatFakeQuant);
HWY_EXPORT(FloatFinish);
HWY_EXPORT(FloatAmax);
}  // namespace

void group_amax(const FloatGrid& grid, tensor::ConstReals weight, RowRange rows, float* amax) {
  HWY_DYNAMIC_DISPATCH(FloatAmax)(grid, weight, rows, amax);
}
void fake_quant(const FloatTuning& layer, RowRange rows, tensor::Reals wq) {
  HWY_DYNAMIC_DISPATCH(FloatFakeQuant)(layer, rows, wq);
}
void finish(const FloatTuning& layer, RowRange rows, const FloatPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(FloatFinish)(layer, rows, planes);
}

}  // namespace ar::quant
#endif
