#include "core/tensor/view.hpp"

#include <cstring>
#include <utility>

#include <ATen/ops/empty.h>

#include "core/base/error.hpp"

namespace ar::tensor {
namespace {

struct TypeRow {
  at::ScalarType torch;
  ar_dtype boundary;
  uint8_t dlpack;  // DLPack type code; types it has no code for travel as bytes
};
constexpr TypeRow kTypes[] = {
    {at::kBool, AR_DTYPE_BOOL, kDLBool},
    {at::kByte, AR_DTYPE_U8, kDLUInt},
    {at::kChar, AR_DTYPE_I8, kDLInt},
    {at::kShort, AR_DTYPE_I16, kDLInt},
    {at::kInt, AR_DTYPE_I32, kDLInt},
    {at::kLong, AR_DTYPE_I64, kDLInt},
    {at::kHalf, AR_DTYPE_F16, kDLFloat},
    {at::kBFloat16, AR_DTYPE_BF16, kDLBfloat},
    {at::kFloat, AR_DTYPE_F32, kDLFloat},
    {at::kDouble, AR_DTYPE_F64, kDLFloat},
    {at::kFloat8_e4m3fn, AR_DTYPE_F8_E4M3, kDLUInt},
    {at::kFloat8_e5m2, AR_DTYPE_F8_E5M2, kDLUInt},
    {at::kFloat8_e8m0fnu, AR_DTYPE_F8_E8M0, kDLUInt},
    {at::kUInt16, AR_DTYPE_U16, kDLUInt},
    {at::kUInt32, AR_DTYPE_U32, kDLUInt},
    {at::kUInt64, AR_DTYPE_U64, kDLUInt},
};

const TypeRow& row_of(at::ScalarType type) {
  for (const TypeRow& row : kTypes) {
    if (row.torch == type) return row;
  }
  base::fail("a tensor of type {} cannot be handed to a plugin", c10::toString(type));
}

}  // namespace

ar_dtype boundary_dtype(at::ScalarType type) { return row_of(type).boundary; }

at::ScalarType torch_dtype(ar_dtype dtype) {
  if (dtype == AR_DTYPE_F4_E2M1) return at::kByte;
  for (const TypeRow& row : kTypes) {
    if (row.boundary == dtype) return row.torch;
  }
  base::fail("unknown element type {} from a plugin", dtype);
}

View::View(std::string name, const at::Tensor& tensor)
    : View(std::move(name), tensor, boundary_dtype(tensor.scalar_type())) {}

View::View(std::string name, const at::Tensor& tensor, ar_dtype dtype)
    : name_(std::move(name)), tensor_(tensor.cpu().contiguous()), dtype_(dtype) {}

ar_tensor View::raw() const {
  const TypeRow& row = row_of(tensor_.scalar_type());
  const auto bits = static_cast<uint8_t>(tensor_.element_size() * 8);
  ar_tensor t{};
  t.struct_size = sizeof t;
  t.name = name_.c_str();
  t.dtype = dtype_;
  t.view.data =
      const_cast<void*>(tensor_.const_data_ptr());  // DLPack has no read-only view; ar/tensor.h forbids writing
  t.view.device = {kDLCPU, 0};
  t.view.ndim = static_cast<int32_t>(tensor_.dim());
  t.view.dtype = {row.dlpack, bits, 1};
  t.view.shape = const_cast<int64_t*>(tensor_.sizes().data());
  t.view.strides = const_cast<int64_t*>(tensor_.strides().data());
  return t;
}

at::Tensor from_bytes(const std::string& name, ar_dtype dtype, const std::vector<int64_t>& shape, const void* bytes,
                      std::size_t n_bytes) {
  at::Tensor t = at::empty(shape, at::TensorOptions().dtype(torch_dtype(dtype)));
  if (t.nbytes() != n_bytes) base::fail("tensor '{}': {} bytes came, its shape needs {}", name, n_bytes, t.nbytes());
  if (n_bytes != 0) std::memcpy(t.mutable_data_ptr(), bytes, n_bytes);
  return t;
}

}  // namespace ar::tensor
