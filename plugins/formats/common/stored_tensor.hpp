#pragma once

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "ar/cpp/format_plugin.hpp"

namespace ar::formats {

/// A dimension of a stored matrix; refuses what no layer has, so that products of a few dimensions stay far from 2^63.
inline int64_t dimension(const TensorView& t, int32_t dim) {
  const int64_t n = t.size(dim);
  if (n >= 1 && n <= std::numeric_limits<int32_t>::max()) return n;
  throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + t.name() + "' has " + std::to_string(n) +
                                       " in dimension " + std::to_string(dim) + ": must be 1 to 2147483647");
}

/// The elements in memory aligned for them: a mapped file promises no alignment.
template <typename T>
std::vector<T> aligned(const TensorView& t, ar_dtype dtype) {
  t.require_dtype(dtype);
  std::vector<T> values(t.numel());
  if (!values.empty()) std::memcpy(values.data(), t.bytes(), values.size() * sizeof(T));
  return values;
}

/// 32-bit words, whether the file calls them signed or not.
inline std::vector<uint32_t> words_of(const TensorView& t) {
  return aligned<uint32_t>(t, t.dtype() == AR_DTYPE_U32 ? AR_DTYPE_U32 : AR_DTYPE_I32);
}

inline void copy_tensor(const ar_sink& sink, const std::string& name, const TensorView& t) {
  write_tensor(sink, name, t.dtype(), t.shape(), t.bytes(), t.n_bytes());
}

/// Hands on "<layer>.bias" where the checkpoint has one.
inline void copy_bias(const std::string& layer, const TensorList& stored, const ar_sink& sink) {
  if (stored.has(layer + ".bias")) copy_tensor(sink, "bias", stored.at(layer + ".bias"));
}

[[noreturn]] inline void refuse_layer(const LayerView& layer, const std::string& text) {
  throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "': " + text);
}

}  // namespace ar::formats
