#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "core/tensor/linear_weight.hpp"
#include "core/tensor/token_rows.hpp"
#include "core/tune/input_quantizer.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// What one optimizer step needs of every linear layer, for all samples of a micro-batch: its inputs and the gradients
/// of its outputs, side by side, so that the weight gradient is one product over all tokens. Layers that read the same
/// tensor (q, k, v) share the copy of it.
class Stash {
 public:
  Stash(const Stage& stage, int64_t samples, int64_t tokens);

  int64_t tokens() const { return tokens_; }
  int64_t samples() const { return samples_; }
  const tensor::TokenRows& input(std::size_t linear) const { return *inputs_[linear]; }
  const tensor::TokenRows& output_gradient(std::size_t linear) const { return gradients_[linear]; }
  bool has(std::size_t linear) const { return inputs_[linear] != nullptr; }

  /// Where the layer's inputs go, made by the first pass that asks: `shared`, the place of the same tensor read by another
  /// layer before, or a new one when null. [any]
  tensor::TokenRows& input_of(std::size_t linear, tensor::TokenRows* shared, int64_t width);
  /// Where the gradients of the layer's outputs go. [any]
  tensor::TokenRows& output_gradient_of(std::size_t linear, int64_t width);

 private:
  int64_t samples_;
  int64_t tokens_;
  at::ScalarType compute_;
  std::mutex making_;
  std::deque<tensor::TokenRows> slots_;
  std::vector<tensor::TokenRows*> inputs_;    // linear -> slot, null before its first use
  std::vector<tensor::TokenRows> gradients_;  // one a linear
};

/// Tensors in effect during one iteration.
struct TrainingWeights {
  std::vector<tensor::LinearWeight> weights;  // compute dtype; fake-quantized where tuned
  std::vector<at::Tensor> biases;             // float32 or undefined
  std::vector<at::Tensor> parameters;         // float32
  std::vector<std::optional<InputQuantizer>> inputs;  // by linear; empty where inputs are left alone
};

/// Runs a stage for one sample with gradients: every linear layer records its input and, in the backward pass, the
/// gradient of its output in the stash; it hands on the gradient of its input where somebody needs it. Weight
/// gradients are not formed here. One runner serves one sample of one pass.
class TrainingRunner : public Runner {
 public:
  /// Gradients of `trained_*` tensors (norm and bias tuning) end in leaf(id).grad(). Passes
  /// over different samples of a stash may run in parallel.
  TrainingRunner(const Stage& stage, const TrainingWeights& weights, Stash& stash, int64_t sample, bool train_vectors);
  at::Tensor linear(int64_t id, const at::Tensor& x) override;
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override;
  at::Tensor parameter(int64_t id) override;
  at::ScalarType compute() const override { return stage_.compute; }

  const at::Tensor& bias_leaf(std::size_t linear) const { return bias_leaves_[linear]; }
  const at::Tensor& parameter_leaf(std::size_t parameter) const { return parameter_leaves_[parameter]; }
  /// Gradients of tuned activation ranges after the backward pass, by linear; 0 for the others.
  const std::vector<float>& range_gradients() const { return range_gradients_; }

 private:
  /// An input in the compute dtype, recorded in a slot of the stash. Inputs seen are kept, hence their addresses.
  struct Input {
    at::Tensor source;
    at::Tensor rows;  // [tokens, in]
    tensor::TokenRows* slot;
  };
  const Input& recorded(std::size_t linear, const at::Tensor& x);
  at::Tensor layer_input(std::size_t linear, const at::Tensor& x);

  const Stage& stage_;
  const TrainingWeights& weights_;
  Stash& stash_;
  int64_t sample_;
  at::Tensor anchor_;  // makes autograd record layers whose input needs no gradient
  std::vector<at::Tensor> bias_leaves_;
  std::vector<at::Tensor> parameter_leaves_;
  std::vector<float> range_gradients_;
  std::deque<Input> seen_;
  struct QuantizedInput {
    at::Tensor x, quantized;
    const InputQuantizer* by;
  };
  std::vector<QuantizedInput> quantized_;  // layers that read one tensor share its quantized form
};

}  // namespace ar::tune
