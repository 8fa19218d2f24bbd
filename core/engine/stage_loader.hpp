#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/engine/plan.hpp"
#include "core/tune/stage.hpp"

namespace ar::engine {

/// The blocks of one unit as a stage: weights from the checkpoint in the tuning dtype, checked to be finite.
/// planned[i] is the index in plan.layers of linear i.
struct LoadedStage {
  tune::Stage stage;
  std::vector<std::size_t> planned;
  std::vector<ParameterSpec> parameter_specs;
  std::vector<AttentionSpec> attentions;
};

/// The model's tables for the sequences of a run, in both types that hidden states come in.
struct Contexts {
  std::shared_ptr<const Context> wide;    // float32
  std::shared_ptr<const Context> narrow;  // Plan::weight_dtype
  const Context& of(const at::Tensor& hidden) const { return hidden.scalar_type() == at::kFloat ? *wide : *narrow; }
};
LoadedStage load_unit(const Plan& plan, std::size_t unit, Contexts contexts);
/// Final norm and output layer.
LoadedStage load_head(const Plan& plan, Contexts contexts);

/// One matrix by itself: an embedding.
LoadedStage load_matrix(const Plan& plan, const PlannedLayer& layer);

/// The weight of one layer [out, in] in the tuning dtype, and its bias (undefined when there is none).
struct LoadedLinear {
  at::Tensor weight;
  at::Tensor bias;
};
LoadedLinear load_linear(const Plan& plan, const LinearSpec& spec);

/// A stored tensor as the output holds it when it is not quantized.
at::Tensor load_unquantized(const Plan& plan, const std::string& name);

/// Tells the system that a unit's pages of the checkpoint are done with, and that the next one's are wanted.
void advance(const Plan& plan, std::size_t unit);

}  // namespace ar::engine
