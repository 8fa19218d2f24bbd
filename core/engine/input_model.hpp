#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "ar/torch/model_arch.hpp"
#include "core/engine/model_source.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// A model as a command names it.
struct InputModel {
  model::Config config;  // as stored, or as an adapter reads it off the keys of a file
  std::shared_ptr<const ModelSource> source;
  std::shared_ptr<const Model> model;
};

/// Opens a model folder, or a file that a format plugin opens as a model (GGUF). No weight is read. `activations` as in
/// FileSource.
InputModel open_input(plugin::Registry& registry, const std::filesystem::path& path,
                      const std::optional<std::string>& activations = std::nullopt);

}  // namespace ar::engine
