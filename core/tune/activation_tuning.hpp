#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/tune/options.hpp"
#include "core/tune/rounding_layer.hpp"
#include "core/tune/stage.hpp"
#include "core/tune/training_runner.hpp"

namespace ar::tune {

/// Training of static activation ranges (algorithm.md 4.1): every linear layer whose input has one range for all tokens gets
/// a factor of that range, kept in [0, 1]. Idle where ranges follow the data, and without min/max tuning. [serial]
class ActivationTuning {
 public:
  ActivationTuning(const Stage& stage, const TuneOptions& options);

  /// Puts the factors in effect into `weights`.
  void use(TrainingWeights& weights) const;
  void clear_gradients();
  /// Adds one sample's gradients, by linear (TrainingRunner::range_gradients).
  void add(const std::vector<float>& gradients);
  void snapshot() { best_ = factors_; }
  void step(const StepRates& rates);
  /// Largest magnitudes that the best iterate quantizes to, by linear; empty where nothing was tuned.
  std::vector<std::optional<float>> collect(bool has_snapshot) const;

 private:
  const Stage& stage_;
  TuneOptions options_;
  std::vector<std::size_t> linears_;  // of the factors
  std::vector<float> factors_, gradients_, best_;
  std::vector<float> first_, second_;  // momentum, AdamW
};

}  // namespace ar::tune
