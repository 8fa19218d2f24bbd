#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/model/checkpoint.hpp"
#include "subject.hpp"

namespace ar::conformance {

const ModelArch& arch();
std::string config_text();  // the checkpoint's config.json
/// What the exception says; "" when none was thrown.
std::string failure_of(const std::function<void()>& call);

/// Runs a stage of a model on plain matrices.
class PlainRunner : public Runner {
 public:
  at::Tensor linear(int64_t id, const at::Tensor& x) override;
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override;
  at::Tensor parameter(int64_t id) override { return parameters.at(static_cast<std::size_t>(id)); }
  at::ScalarType compute() const override { return at::kFloat; }
  AttentionStates attention(int64_t id, const AttentionStates& states) override;

  std::vector<std::pair<int64_t, AttentionStates>> asked;  // of attention(), in order
  double value_factor = 1.0;                               // on the values that attention() gives back
  std::vector<at::Tensor> weights;                         // [out, in]
  std::vector<at::Tensor> biases;                          // undefined where there is none
  std::vector<at::Tensor> parameters;
};

struct Slopes {
  double gradient;
  double difference;
};

/// The checkpoint opened by the plugin, in one element type.
class TinyModel {
 public:
  static constexpr int64_t kTokens = 12;

  explicit TinyModel(at::ScalarType dtype = at::kFloat);

  const ModelSpec& spec() const { return model_->spec(); }
  std::set<std::string> used_tensors() const;
  at::Tensor logits() const;
  /// What block 0 asked of attention(), and its output when the values it got back were scaled.
  struct Asked {
    std::vector<std::pair<int64_t, AttentionStates>> states;
    at::Tensor output;
  };
  Asked attention(double value_factor) const;
  /// Slope of a fixed scalar function of block 0's output along a random direction of one linear's weight.
  Slopes slopes(int64_t linear, double step) const;

  TensorTable table;
  std::vector<int64_t> tokens;

 private:
  at::Tensor load(const std::string& name) const;
  PlainRunner runner(const std::vector<LinearSpec>& linears, const std::vector<ParameterSpec>& parameters) const;
  std::shared_ptr<const Context> context() const;
  at::Tensor embedded(const Context& context) const;

  at::ScalarType dtype_;
  model::Checkpoint checkpoint_;
  std::unique_ptr<Model> model_;
};

}  // namespace ar::conformance
