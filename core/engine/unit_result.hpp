#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/engine/stage_loader.hpp"
#include "core/engine/writers.hpp"
#include "core/quant/quantized_weight.hpp"
#include "core/tune/block_tuner.hpp"

namespace ar::engine {

/// What tune::FixedRunner takes to run a stage in another state; undefined entries mean the original.
struct FixedTensors {
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> biases;
  std::vector<at::Tensor> parameters;
};

/// A finished unit: planes and the weights they stand for, by linear of the stage.
struct UnitResult {
  std::vector<std::optional<quant::QuantizedWeight>> layers;
  std::vector<at::Tensor> weights;     // quantize-dequantized, tuning dtype; undefined where untouched
  std::vector<at::Tensor> biases;      // tuned, float32; else undefined
  std::vector<at::Tensor> parameters;  // likewise
  double first_loss = 0.0;
  double best_loss = 0.0;
  int64_t best_iteration = 0;

  FixedTensors fixed(at::ScalarType compute) const;
};

UnitResult untouched(const LoadedStage& loaded);
/// Tuned activation ranges take the place of the calibrated ones in the stage.
UnitResult from_tuning(LoadedStage& loaded, tune::TuneResult tuned);
/// Rounds to nearest, plainly or with the search of the type, as the layers say.
UnitResult round_unit(const LoadedStage& loaded);

/// A linear layer that stays as it is, or any other tensor of the model, under its name in the output.
void write_plain(const Plan& plan, const LinearSpec& spec, Writers& writers);
void write_plain(const Plan& plan, const ParameterSpec& spec, Writers& writers);

/// Packs the quantized layers and adds the other tensors of the unit to every output.
void write_unit(const Plan& plan, const LoadedStage& loaded, const UnitResult& result, Writers& writers);

/// Packs the one matrix of load_matrix.
void write_matrix(const LoadedStage& loaded, const UnitResult& result, Writers& writers);

}  // namespace ar::engine
