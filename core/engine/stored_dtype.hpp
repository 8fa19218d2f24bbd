#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ar/tensor.h"
#include "core/base/error.hpp"

namespace ar::engine {

/// A plugin's call that cannot be served as it is: AR_INVALID_ARGUMENT at the boundary, not AR_IO.
class InvalidArgument : public base::Error {
 public:
  explicit InvalidArgument(const std::string& text) : Error(base::Exit::kFailed, text) {}
};

/// A tensor as it will be stored.
struct Announced {
  std::string dtype;  // safetensors spelling; codes of four bits are bytes there
  std::vector<int64_t> shape;
  uint64_t n_bytes = 0;
};

/// Checks what a sink's begin is told; throws InvalidArgument naming the tensor.
Announced check_announced(const char* name, ar_dtype dtype, const int64_t* shape, int32_t n_dims);

}  // namespace ar::engine
