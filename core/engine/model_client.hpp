#pragma once

#include <memory>

#include "ar/torch/model_arch.hpp"
#include "core/model/checkpoint.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// Opens a checkpoint with the adapter whose id or alias is the config's model_type, else with the one whose `match`
/// scores highest. Every exception of the adapter comes out as a base::Error that names the plugin; base::Error thrown
/// by a Runner passes unchanged. Refuses (exit 2) a model that no adapter knows, naming model_type and architecture.
/// A head stored beside an embedding that differs from it is not tied, whatever config.json says. [main]
std::shared_ptr<const Model> open_model(plugin::Registry& registry, const model::Config& config,
                                        const model::Checkpoint& checkpoint);
/// The same for a model that lies elsewhere, as a table of its tensors.
std::shared_ptr<const Model> open_model(plugin::Registry& registry, const model::Config& config, const TensorTable& table);

}  // namespace ar::engine
