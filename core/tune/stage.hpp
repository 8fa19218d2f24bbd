#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/quant/data_type.hpp"
#include "core/tune/state_quantizer.hpp"

namespace ar::tune {

/// A linear layer of a stage with its source weight.
struct StageLinear {
  std::string name;
  at::Tensor weight;  // [out, in], tuning dtype (bfloat16, or float32 without mixed precision)
  at::Tensor bias;    // [out] float32, or undefined
  quant::Scheme scheme;
  quant::QuantizeOptions quantize;
  std::optional<float> act_max;  // largest magnitude of the calibrated input, where the scheme needs it
  bool tuned = false;  // else the weight is used as it is
};

/// Any other parameter of a stage, float32.
struct StageParameter {
  std::string name;
  at::Tensor value;
  bool norm = false;
};

/// What is tuned as one unit: a block, several consecutive blocks, or one layer outside the blocks. Plain data plus the
/// function that runs it; ids of the runner are indices into `linears` and `parameters`.
struct Stage {
  std::string name;
  std::vector<StageLinear> linears;
  std::vector<StageParameter> parameters;
  /// input [1, T, H] float32 -> output [1, T, H']; differentiable, pure, any thread.
  std::function<at::Tensor(const at::Tensor& input, Runner& runner)> forward;
  std::shared_ptr<StateQuantizer> states;  // null: attention computes with its states as they are; forward() asks it
  at::ScalarType compute = at::kFloat;  // dtype of matrix products, accumulated in float32
};

}  // namespace ar::tune
