#pragma once

#include <optional>
#include <string>

#include "ar/format.h"
#include "core/base/json.hpp"
#include "core/engine/layer_tensors.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/plugin/registry.hpp"
#include "core/quant/scheme.hpp"

namespace ar::engine {

/// The format plugin that reads checkpoints with this quantization_config (a JSON object); null when there is none.
const plugin::Format* find_owner(plugin::Registry& registry, const std::string& quantization_config);
/// The same, but fails with quant_method and packing_format.
const plugin::Format& require_owner(plugin::Registry& registry, const std::string& quantization_config);

/// A scheme as the JSON object of "scheme_json" (ar/format.h).
quant::Scheme parse_stored_scheme(const base::JsonCursor& json);

/// What `tensor` says of its layer when it is one that describes it ("scheme", "scheme_json"; ar/format.h).
std::optional<quant::Scheme> described_scheme(const StagedTensor& tensor, const std::string& layer);

/// The scheme of a stored layer, read through the plugin, which is stopped as soon as it has said it.
/// Fails with the plugin's text, or when the plugin says nothing.
quant::Scheme stored_scheme(const plugin::Format& plugin, const std::string& quantization_config,
                            const std::string& layer, const LayerTensors& tensors);

}  // namespace ar::engine
