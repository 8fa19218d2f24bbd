#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "core/quant/vector_tuning.hpp"
#include "core/tune/options.hpp"
#include "core/tune/rounding_layer.hpp"
#include "core/tune/stage.hpp"
#include "core/tune/training_runner.hpp"

namespace ar::tune {

/// Gradients of one sample with respect to tuned biases and norm weights, in the order VectorTuning keeps them.
using VectorGradients = std::vector<at::Tensor>;

/// Tuning of biases and norm weights (algorithm.md 5.2): each is one 4-bit asymmetric group without rounding, whose
/// offset is trained. Idle unless asked for. [serial], gradients_of is [any].
class VectorTuning {
 public:
  VectorTuning(const Stage& stage, const TuneOptions& options);

  bool active() const { return !vectors_.empty(); }
  /// Puts the vectors in effect into `weights`.
  void use(TrainingWeights& weights) const;
  VectorGradients gradients_of(const TrainingRunner& runner) const;
  void clear_gradients();
  void add(const VectorGradients& gradients);
  void snapshot();
  void step(const StepRates& rates);
  /// The best iterate's vectors; undefined where nothing was tuned.
  void collect(bool has_snapshot, std::vector<at::Tensor>& biases, std::vector<at::Tensor>& parameters) const;

 private:
  struct Vector {
    bool bias;
    std::size_t id;  // linear or parameter
    quant::VectorGrid grid;
    at::Tensor source, offset, effective, gradient, best;
    at::Tensor first, second;  // momentum, AdamW
  };
  void refresh(Vector& vector) const;

  std::size_t n_linears_;
  std::size_t n_parameters_;
  TuneOptions options_;
  std::vector<Vector> vectors_;
};

}  // namespace ar::tune
