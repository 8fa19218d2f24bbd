#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace ar::tune {

/// Squared error of one sample and its gradient.
struct SampleLoss {
  double sum = 0.0;     // of mask * (prediction - target)^2
  at::Tensor gradient;  // like prediction: 2 * mask * (prediction - target) * factor
};

/// prediction [1, T, H] float32, target [T, H] float32 or bfloat16, kept [T] 0/1. Summed in a fixed order in double.
SampleLoss squared_error(const at::Tensor& prediction, const at::Tensor& target, const std::vector<uint8_t>& kept,
                         float factor);

}  // namespace ar::tune
