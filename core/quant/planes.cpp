#include "core/quant/planes.hpp"

#include <ATen/ops/empty.h>

#include "core/base/error.hpp"
#include "core/tensor/elementwise.hpp"

namespace ar::quant {
namespace {

at::ScalarType torch_type(ScaleType type) {
  switch (type) {
    case ScaleType::kF16: return at::kHalf;
    case ScaleType::kBf16: return at::kBFloat16;
    case ScaleType::kF32: break;
  }
  return at::kFloat;
}

tensor::Real real_type(const at::Tensor& tensor) {
  if (!tensor.is_contiguous() || !tensor.device().is_cpu()) base::fail("a kernel needs a contiguous tensor on the CPU");
  if (tensor.scalar_type() == at::kFloat) return tensor::Real::kF32;
  if (tensor.scalar_type() == at::kBFloat16) return tensor::Real::kBf16;
  base::fail("a kernel takes float32 or bfloat16, not {}", c10::toString(tensor.scalar_type()));
}

}  // namespace

PlaneStore::PlaneStore(const IntGrid& grid)
    : grid_(grid),
      codes_(at::empty({grid.rows, grid.cols}, at::kByte)),
      scale_(at::empty({grid.rows, grid.groups()}, at::kFloat)) {
  if (!grid.sym) zero_point_ = at::empty({grid.rows, grid.groups()}, at::kFloat);
}

IntPlanes PlaneStore::view() const {
  return {codes_.mutable_data_ptr<uint8_t>(), scale_.mutable_data_ptr<float>(),
          zero_point_.defined() ? zero_point_.mutable_data_ptr<float>() : nullptr};
}

QuantizedWeight PlaneStore::to_weight(const Scheme& scheme, int64_t out, int64_t in, ScaleType scale_type) const {
  const auto shaped = [&](const at::Tensor& plane) {
    return scheme.group_size == 0 ? plane.reshape({1}) : plane.reshape({out, grid_.groups()});
  };
  QuantizedWeight weight;
  weight.scheme = scheme;
  weight.out = out;
  weight.in = in;
  weight.codes = codes_.reshape({out, in});
  weight.scale = shaped(scale_.to(torch_type(scale_type)));
  if (zero_point_.defined()) weight.zero_point = shaped(zero_point_);
  return weight;
}

tensor::ConstReals reals_of(const at::Tensor& tensor) { return {tensor.const_data_ptr(), real_type(tensor)}; }
tensor::Reals mutable_reals_of(const at::Tensor& tensor) { return {tensor.mutable_data_ptr(), real_type(tensor)}; }


int64_t first_nonfinite(const at::Tensor& tensor) {
  const int64_t n = tensor.numel();
  switch (tensor.scalar_type()) {
    case at::kFloat: return tensor::first_nonfinite(tensor.const_data_ptr<float>(), n);
    case at::kBFloat16: return tensor::first_nonfinite(reals_of(tensor).data, n, 0x7f80);
    case at::kHalf: return tensor::first_nonfinite(tensor.const_data_ptr(), n, 0x7c00);
    default: return -1;
  }
}

}  // namespace ar::quant
