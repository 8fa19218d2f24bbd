#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/engine/staging_sink.hpp"
#include "core/model/checkpoint.hpp"
#include "core/plugin/registry.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::engine {

/// Names of a layer's own tensors, "<layer>.*", not those of modules inside it.
std::vector<std::string> layer_tensors(const model::Checkpoint& checkpoint, const std::string& layer);

/// A quantized layer read back from a checkpoint.
struct StoredLayer {
  quant::QuantizedWeight planes;
  at::Tensor bias;  // undefined when there is none
};

/// What a plugin put into the sink for one layer, planes checked against each other and against out x in.
StoredLayer to_stored_layer(const StagingSink& sink, const std::string& name, int64_t out, int64_t in);

/// Reads the quantized layers of a checkpoint through the format plugin that owns its quantization_config. [any]
class FormatReader {
 public:
  /// `quantization_config` is a JSON object. Fails with quant_method and packing_format when no format owns it.
  FormatReader(plugin::Registry& registry, std::string quantization_config);

  const plugin::Format& plugin() const { return *plugin_; }
  /// Whether layers with an ordinary weight are to be read too, for how their inputs are quantized.
  bool reads_ordinary_weights() const { return plugin_->api.owns(config_.c_str()) == 2; }
  /// The layer from its tensors "<name>.*" of the checkpoint, planes checked against each other and against out x in.
  StoredLayer read(const model::Checkpoint& checkpoint, const std::string& name, int64_t out, int64_t in) const;
  /// How a layer is stored, without reading its weights where the plugin says it first.
  quant::Scheme scheme(const model::Checkpoint& checkpoint, const std::string& name) const;

 private:
  const plugin::Format* plugin_;
  std::string config_;
};

}  // namespace ar::engine
