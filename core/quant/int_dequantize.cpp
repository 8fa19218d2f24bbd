#include "core/quant/int_dequantize.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/int_dequantize.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

template <typename To>
HWY_INLINE void dequantize_group(const uint8_t* codes, float scale, float zero, int64_t size, To* to) {
  const auto values_of = [&](const uint8_t* from) HWY_ATTR {
    const VF code = hn::ConvertTo(F32(), hn::PromoteTo(I32(), hn::LoadU(U8(), from)));
    return hn::Add(hn::Mul(set(scale), hn::Sub(code, set(zero))), hn::Zero(F32()));  // -0 becomes 0
  };
  const int64_t lanes = hn::Lanes(F32()), whole = size / lanes * lanes;
  for (int64_t k = 0; k < whole; k += lanes) store(values_of(codes + k), to + k);
  if (whole == size) return;
  uint8_t rest[kSumLanes] = {};
  To values[kSumLanes];
  std::copy(codes + whole, codes + size, rest);
  store(values_of(rest), values);
  std::copy_n(values, size - whole, to + whole);
}

void DequantizeRows(const IntGrid& grid, const StoredIntPlanes& planes, RowRange rows, Reals to) {
  with_type(to.type, [&](auto w) {
    auto* first = static_cast<decltype(w)*>(to.data);
    for (int64_t row = rows.begin; row < rows.end; ++row)
      for (int64_t g = 0; g < grid.groups(); ++g) {
        const int64_t column = g * grid.group, offset = row * grid.cols + column, index = row * grid.groups() + g;
        dequantize_group(planes.codes + offset, planes.scale[index],
                         planes.zero_point == nullptr ? grid.half() : planes.zero_point[index],
                         std::min(grid.group, grid.cols - column), first + offset);
      }
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(DequantizeRows);
}

void dequantize_rows(const IntGrid& grid, const StoredIntPlanes& planes, RowRange rows, tensor::Reals to) {
  HWY_DYNAMIC_DISPATCH(DequantizeRows)(grid, planes, rows, to);
}

namespace reference {

void dequantize_rows(const IntGrid& grid, const StoredIntPlanes& planes, RowRange rows, tensor::Reals to) {
  for (int64_t i = rows.begin * grid.cols; i < rows.end * grid.cols; ++i) {
    const int64_t index = i / grid.cols * grid.groups() + i % grid.cols / grid.group;
    const float zero = planes.zero_point == nullptr ? grid.half() : planes.zero_point[index];
    const float value = planes.scale[index] * (static_cast<float>(planes.codes[i]) - zero) + 0.0f;
    if (to.type == tensor::Real::kF32)
      static_cast<float*>(to.data)[i] = value;
    else
      static_cast<tensor::Bf16*>(to.data)[i] = tensor::to_bf16(value);
  }
}

}  // namespace reference
}  // namespace ar::quant
#endif
