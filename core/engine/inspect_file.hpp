#pragma once

#include <filesystem>
#include <optional>

#include "core/engine/inspect.hpp"

namespace ar::engine {

/// The file to look into when `path` is a file whose extension is a format's id, or a folder without safetensors files
/// that holds exactly one such file that is a model by itself.
std::optional<std::filesystem::path> find_model_file(plugin::Registry& registry,
                                                     const std::filesystem::path& path);

/// What a one-file format says of its file (open_source of ar/format.h).
Inspection inspect_model_file(plugin::Registry& registry, const std::filesystem::path& file);

}  // namespace ar::engine
