#include "core/quant/data_type.hpp"

#include <array>

#include "core/base/error.hpp"
#include "core/quant/types.hpp"

namespace ar::quant {

const float* checked_importance(const QuantizeOptions& options, int64_t columns) {
  const at::Tensor& importance = options.importance;
  if (!options.search || !importance.defined()) return nullptr;
  if (importance.scalar_type() != at::kFloat || !importance.is_contiguous() || importance.numel() != columns)
    base::fail("importance has {} values, the weight {} columns", importance.numel(), columns);
  return importance.const_data_ptr<float>();
}

const DataType* find_data_type(const Scheme& scheme) {
  const std::array types{&int_type(), &mx_type(), &nv_type(), &fp8_type(), &gguf_type()};
  for (const DataType* type : types) {
    if (type->handles(scheme)) return type;
  }
  return nullptr;
}

const DataType& data_type(const Scheme& scheme) {
  if (const DataType* type = find_data_type(scheme)) return *type;
  base::refuse("data type {} of {} bits, {}, is not in this version", scheme.data_type, scheme.bits,
               scheme.sym ? "symmetric" : "asymmetric");
}

QuantizedWeight quantize(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) {
  return data_type(scheme).round(weight, scheme, options);
}

at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype) {
  return data_type(weight.scheme).dequantize(weight, dtype);
}

}  // namespace ar::quant
