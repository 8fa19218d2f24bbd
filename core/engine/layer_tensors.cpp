#include "core/engine/layer_tensors.hpp"

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

struct Type {
  const char* name;  // as safetensors spells it
  ar_dtype dtype;
  uint8_t dlpack;
  uint8_t bits;
};
constexpr Type kTypes[] = {{"BOOL", AR_DTYPE_BOOL, kDLBool, 8},       {"U8", AR_DTYPE_U8, kDLUInt, 8},
                           {"I8", AR_DTYPE_I8, kDLInt, 8},            {"I16", AR_DTYPE_I16, kDLInt, 16},
                           {"U16", AR_DTYPE_U16, kDLUInt, 16},        {"I32", AR_DTYPE_I32, kDLInt, 32},
                           {"U32", AR_DTYPE_U32, kDLUInt, 32},        {"I64", AR_DTYPE_I64, kDLInt, 64},
                           {"U64", AR_DTYPE_U64, kDLUInt, 64},        {"F16", AR_DTYPE_F16, kDLFloat, 16},
                           {"BF16", AR_DTYPE_BF16, kDLBfloat, 16},    {"F32", AR_DTYPE_F32, kDLFloat, 32},
                           {"F64", AR_DTYPE_F64, kDLFloat, 64},       {"F8_E4M3", AR_DTYPE_F8_E4M3, kDLUInt, 8},
                           {"F8_E5M2", AR_DTYPE_F8_E5M2, kDLUInt, 8}, {"F8_E8M0", AR_DTYPE_F8_E8M0, kDLUInt, 8}};

const Type* find_type(const std::string& name) {
  for (const Type& type : kTypes) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace

ar_dtype boundary_dtype(const std::string& safetensors) {
  const Type* type = find_type(safetensors);
  return type == nullptr ? 0 : type->dtype;
}

void LayerTensors::add(const std::string& name, const model::RawTensor& stored) {
  const Type* type = find_type(stored.dtype);
  if (type == nullptr) base::fail("tensor {} has dtype {}, which no format plugin reads", name, stored.dtype);
  items_.push_back({name, stored.shape, row_major(stored.shape), {}});
  Item& item = items_.back();
  const std::byte* data = stored.data;
  if (reinterpret_cast<uintptr_t>(data) % (type->bits / 8U) != 0) {
    item.copy.assign(data, data + stored.n_bytes);
    data = item.copy.data();
  }
  ar_tensor view{};
  view.struct_size = sizeof view;
  view.name = item.name.c_str();
  view.dtype = type->dtype;
  view.view.data = const_cast<std::byte*>(data);  // DLPack has no read-only view; ar/tensor.h forbids writing
  view.view.device = {kDLCPU, 0};
  view.view.ndim = static_cast<int32_t>(item.shape.size());
  view.view.dtype = {type->dlpack, type->bits, 1};
  view.view.shape = item.shape.data();
  view.view.strides = item.strides.data();
  views_.push_back(view);
}

}  // namespace ar::engine
