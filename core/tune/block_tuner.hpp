#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/base/random.hpp"
#include "core/quant/quantized_weight.hpp"
#include "core/tune/options.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// What a stage is tuned on. Samples are sequences of equal length without padding.
struct StageData {
  at::Tensor inputs;   // [n, T, H] of the stream the stage will see
  at::Tensor targets;  // [n, T, H'] of the original stage on the original stream; undefined: see make_target
  /// Computes one target [T, H'] when storing all would take too much (output layer). [any]
  std::function<at::Tensor(int64_t sample)> make_target;
  const std::vector<std::vector<uint8_t>>* kept = nullptr;  // [n][T], 1 where a position counts
};

/// Called after each step with its loss; a run is stopped by an exception.
using StepCallback = std::function<void(int64_t iteration, double loss)>;

struct TuneResult {
  std::vector<std::optional<quant::QuantizedWeight>> layers;  // by linear; empty where not tuned
  std::vector<at::Tensor> biases;                             // tuned ones, float32; else undefined
  std::vector<at::Tensor> parameters;                         // likewise
  std::vector<std::optional<float>> act_max;                  // tuned static activation ranges, by linear
  double first_loss = 0.0;
  double best_loss = 0.0;
  int64_t best_iteration = 0;
};

/// SignRound on one stage (algorithm.md 4): `iters` steps of signed gradient descent on rounding offsets and ranges,
/// the best iterate wins. Equal bytes for any number of threads. The generator is the run's and moves on.
TuneResult tune_stage(const Stage& stage, const StageData& data, const TuneOptions& options,
                      base::PythonRandom& random, const StepCallback& on_step);

}  // namespace ar::tune
