#pragma once

#include <optional>
#include <vector>

#include "core/tensor/linear_weight.hpp"
#include "core/tune/input_quantizer.hpp"
#include "core/tune/stage.hpp"

namespace ar::tune {

/// Whether the inputs of tuned layers pass through the quantizer of their scheme.
enum class Activations { kAsTheyAre, kQuantized };

/// Runs a stage without gradients, on given matrices: the original ones or finished quantized ones. What a linear layer
/// gives is rounded to the compute dtype, as upstream's autocast does. Immutable, so one serves
/// all threads.
class FixedRunner : public Runner {
 public:
  /// weights[i] [out, in] in the stage's compute dtype, or undefined for the stage's own; parameters likewise.
  FixedRunner(const Stage& stage, std::vector<at::Tensor> weights = {}, std::vector<at::Tensor> biases = {},
              std::vector<at::Tensor> parameters = {}, Activations activations = Activations::kAsTheyAre);
  at::Tensor linear(int64_t id, const at::Tensor& x) override;
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override;
  at::Tensor parameter(int64_t id) override;
  at::ScalarType compute() const override { return compute_; }

 private:
  at::ScalarType compute_;
  std::vector<std::optional<InputQuantizer>> inputs_;  // by linear; empty where inputs are left alone
  std::vector<tensor::LinearWeight> weights_;
  std::vector<at::Tensor> biases_;
  std::vector<at::Tensor> parameters_;
};

/// Rows offsets[e] .. offsets[e+1] of x through linear ids[e], one product an expert.
at::Tensor grouped_by_linear(Runner& runner, const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                             const std::vector<int64_t>& offsets);

}  // namespace ar::tune
