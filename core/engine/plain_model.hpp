#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/input_model.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// One token sequence on its way through a model.
struct Sequence {
  at::Tensor ids;     // [1, T] int64
  at::Tensor hidden;  // [1, T, H] float32
  std::shared_ptr<const Context> context;
};

/// One linear layer in float32.
struct PlainLinear {
  at::Tensor weight;
  at::Tensor bias;  // undefined when there is none
  std::optional<tune::InputQuantizer> input;
  at::Tensor minima;  // see LoadedWeight
};

/// Largest magnitudes that the states of one attention can have in FP8; undefined: they are left alone.
struct PlainStates {
  at::Tensor query, key, value;
  std::optional<at::ScalarType> cache;  // keys and values are rounded to this type instead
};

/// The weights of one stage in float32, held as long as this object lives. Immutable, so one serves all threads.
class PlainRunner final : public Runner {
 public:
  PlainRunner(std::vector<PlainLinear> linears, std::vector<at::Tensor> parameters,
              std::vector<PlainStates> states = {});
  at::Tensor linear(int64_t id, const at::Tensor& x) override;
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override;
  at::Tensor parameter(int64_t id) override;
  AttentionStates attention(int64_t id, const AttentionStates& states) override;
  at::ScalarType compute() const override { return at::kFloat; }

 private:
  std::vector<PlainLinear> linears_;
  std::vector<at::Tensor> parameters_;
  std::vector<PlainStates> states_;
};

/// A model folder run as it is stored, in float32 without gradients: a source model, or one of our own exports read
/// back through the format that wrote it: weights dequantized and not rounded further, inputs quantized where the stored
/// scheme quantizes activations. Weights are read stage by stage and given back after it. Sequences run in parallel; numbers do not depend on how many threads there are.
/// Failures are base::Error naming the file or the adapter.
class PlainModel {
 public:
  /// A model folder, or a file that a format plugin opens as a model (GGUF); `activations` as in FileSource.
  PlainModel(plugin::Registry& registry, const std::filesystem::path& path,
             const std::optional<std::string>& activations = std::nullopt);

  const ModelSpec& spec() const { return input_.model->spec(); }
  const Model& model() const { return *input_.model; }

  /// Fills `context` and `hidden` from `ids`. Refuses an id outside the vocabulary.
  void embed(std::vector<Sequence>& sequences) const;
  /// Replaces every hidden state by the block's output.
  void block(int64_t index, std::vector<Sequence>& sequences) const;
  /// Weights of the final norm and the output layer, for model().head().
  std::unique_ptr<PlainRunner> head_runner() const;

 private:
  std::unique_ptr<PlainRunner> load(const std::vector<LinearSpec>& linears,
                                    const std::vector<ParameterSpec>& parameters,
                                    const std::vector<AttentionSpec>& attentions = {}) const;

  InputModel input_;
};

}  // namespace ar::engine
