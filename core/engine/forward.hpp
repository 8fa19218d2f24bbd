#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/plugin/registry.hpp"

namespace ar::engine {

/// Runs a model on given token ids and writes what every block saw.
/// inputs: input_ids [B, T] and, when rows have different lengths, attention_mask [B, T] (ones, then zeros).
/// outputs: block_in, block_out.<i> [B, T, H] and logits [B, T, V] in float32, zeros at padded positions. Each row runs
/// alone at its own length, because in some models the longest row of a batch changes the positions of all.
/// `activations` as in FileSource.
void forward(plugin::Registry& registry, const std::filesystem::path& model, const std::filesystem::path& inputs,
             const std::filesystem::path& outputs, const std::optional<std::string>& activations = std::nullopt);

}  // namespace ar::engine
