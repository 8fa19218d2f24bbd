#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace ar::test {

/// Numbers from [-scale, scale], the same on every machine.
inline std::vector<float> random_numbers(std::size_t n, uint32_t seed, float scale = 1.0f) {
  std::mt19937 bits(seed);
  std::vector<float> values(n);
  for (float& v : values) v = scale * (static_cast<float>(bits()) / 2147483648.0f - 1.0f);
  return values;
}

inline at::Tensor random_tensor(const std::vector<int64_t>& shape, uint32_t seed, float scale = 1.0f) {
  at::Tensor t = at::empty(shape, at::kFloat);
  const auto values = random_numbers(static_cast<std::size_t>(t.numel()), seed, scale);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t;
}

}  // namespace ar::test
