#include "core/engine/stored_dtype.hpp"

namespace ar::engine {
namespace {

struct Stored {
  ar_dtype dtype;
  const char* name;
  uint64_t n_bytes;
};
constexpr Stored kStored[] = {
    {AR_DTYPE_BOOL, "BOOL", 1},       {AR_DTYPE_U8, "U8", 1},           {AR_DTYPE_I8, "I8", 1},
    {AR_DTYPE_I16, "I16", 2},         {AR_DTYPE_I32, "I32", 4},         {AR_DTYPE_I64, "I64", 8},
    {AR_DTYPE_F16, "F16", 2},         {AR_DTYPE_BF16, "BF16", 2},       {AR_DTYPE_F32, "F32", 4},
    {AR_DTYPE_F64, "F64", 8},         {AR_DTYPE_F8_E4M3, "F8_E4M3", 1}, {AR_DTYPE_F8_E5M2, "F8_E5M2", 1},
    {AR_DTYPE_F8_E8M0, "F8_E8M0", 1}, {AR_DTYPE_F4_E2M1, "U8", 1},      {AR_DTYPE_U16, "U16", 2},
    {AR_DTYPE_U32, "U32", 4},         {AR_DTYPE_U64, "U64", 8}};

}  // namespace

Announced check_announced(const char* name, ar_dtype dtype, const int64_t* shape, int32_t n_dims) {
  if (name == nullptr || *name == '\0') throw InvalidArgument("a tensor without a name");
  if (std::string(name) == "__metadata__") throw InvalidArgument("__metadata__ is no name for a tensor");
  if (n_dims < 0 || (n_dims > 0 && shape == nullptr)) {
    throw InvalidArgument(fmt::format("tensor {}: {} dimensions without a shape", name, n_dims));
  }
  Announced a;
  for (const Stored& s : kStored) {
    if (s.dtype != dtype) continue;
    a.dtype = s.name;
    a.n_bytes = s.n_bytes;
  }
  if (a.dtype.empty()) throw InvalidArgument(fmt::format("tensor {}: {} is no ar_dtype", name, dtype));
  for (int32_t i = 0; i < n_dims; ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(a.n_bytes, static_cast<uint64_t>(shape[i]), &a.n_bytes)) {
      throw InvalidArgument(fmt::format("tensor {}: dimension {} is {}", name, i, shape[i]));
    }
    a.shape.push_back(shape[i]);
  }
  return a;
}

}  // namespace ar::engine
