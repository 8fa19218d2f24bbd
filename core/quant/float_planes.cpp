#include "core/quant/float_planes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "core/base/error.hpp"
#include "core/quant/float_scale.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/row_chunks.hpp"

namespace ar::quant {
namespace {

at::ScalarType code_type(const FloatFormat& element) {
  if (element.bits < 8) return at::kByte;
  return element.mantissa_bits == kE5M2.mantissa_bits ? at::kFloat8_e5m2 : at::kFloat8_e4m3fn;
}

at::ScalarType scale_type(ScaleRule rule) {
  if (is_mx(rule)) return at::kFloat8_e8m0fnu;
  if (rule == ScaleRule::kNv) return at::kFloat8_e4m3fn;
  return rule == ScaleRule::kUe5m3 ? at::kByte : at::kFloat;
}

uint8_t* bytes_of(const at::Tensor& tensor) { return static_cast<uint8_t*>(tensor.mutable_data_ptr()); }
const uint8_t* const_bytes_of(const at::Tensor& tensor) { return static_cast<const uint8_t*>(tensor.const_data_ptr()); }

std::array<float, 256> values_of(const FloatFormat& element) {
  std::array<float, 256> values{};
  for (int code = 0; code < (1 << element.bits); ++code)
    values[static_cast<size_t>(code)] = decode(element, static_cast<uint8_t>(code));
  return values;
}

/// What the elements of each group are multiplied by. Scales of ScaleRule::kFp may come in any float type.
std::vector<float> factors_of(const FloatGrid& grid, const QuantizedWeight& weight) {
  const ScaleRule rule = grid.kind.rule;
  const int64_t n = grid.bands() * grid.groups();
  if (weight.scale.numel() != n) base::fail("a weight of {} groups has {} scales", n, weight.scale.numel());
  if (rule == ScaleRule::kNv && !weight.global_scale.defined()) base::fail("an NVFP4 weight lacks its global scale");
  std::vector<float> factors(static_cast<size_t>(n));
  if (rule == ScaleRule::kFp) {
    const at::Tensor scale = weight.scale.to(at::kFloat).contiguous();
    std::copy_n(scale.const_data_ptr<float>(), n, factors.begin());
    return factors;
  }
  const float global = rule == ScaleRule::kNv ? weight.global_scale.const_data_ptr<float>()[0] : 0.0f;
  const uint8_t* codes = const_bytes_of(weight.scale);
  std::transform(codes, codes + n, factors.begin(),
                 [&](uint8_t code) { return from_stored(rule, stored_scale(rule, code), global).out; });
  return factors;
}

}  // namespace

FloatPlaneStore::FloatPlaneStore(const FloatGrid& grid)
    : grid_(grid),
      codes_(at::empty({grid.rows, grid.cols}, code_type(grid.kind.element))),
      scale_(at::empty({grid.bands(), grid.groups()}, scale_type(grid.kind.rule))) {}

FloatPlanes FloatPlaneStore::view() const {
  const bool plain = grid_.kind.rule == ScaleRule::kFp;
  return {bytes_of(codes_), plain ? scale_.mutable_data_ptr<float>() : nullptr, plain ? nullptr : bytes_of(scale_)};
}

QuantizedWeight FloatPlaneStore::to_weight(const Scheme& scheme, int64_t out, int64_t in, float global_scale) const {
  QuantizedWeight weight;
  weight.scheme = scheme;
  weight.out = out;
  weight.in = in;
  weight.codes = codes_.view({out, in});
  weight.scale = scheme.group_size == 0 ? scale_.view({1}) : scale_;
  if (grid_.kind.rule == ScaleRule::kNv) weight.global_scale = at::full({1}, global_scale, at::kFloat);
  return weight;
}

at::Tensor dequantize_planes(const FloatGrid& grid, const QuantizedWeight& weight, at::ScalarType dtype) {
  if (weight.codes.numel() != weight.out * weight.in)
    base::fail("a weight of {} x {} has {} codes", weight.out, weight.in, weight.codes.numel());
  at::Tensor out = at::empty({weight.out, weight.in}, dtype);
  const tensor::Reals to = mutable_reals_of(out);
  const std::array<float, 256> values = values_of(grid.kind.element);
  const std::vector<float> factors = factors_of(grid, weight);
  const uint8_t* codes = const_bytes_of(weight.codes);
  for_row_chunks(grid.rows, grid.cols, [&](RowRange rows) {
    for (int64_t row = rows.begin; row < rows.end; ++row)
      for (int64_t g = 0; g < grid.groups(); ++g) {
        const float scale = factors[static_cast<size_t>(row / grid.group_rows * grid.groups() + g)];
        const int64_t begin = row * grid.cols + g * grid.group;
        const int64_t end = begin + std::min(grid.group, grid.cols - g * grid.group);
        for (int64_t i = begin; i < end; ++i) {
          const float x = values[codes[i]] * scale;
          if (to.type == tensor::Real::kF32)
            static_cast<float*>(to.data)[i] = x;
          else
            static_cast<tensor::Bf16*>(to.data)[i] = tensor::to_bf16(x);
        }
      }
  });
  return out;
}

}  // namespace ar::quant
