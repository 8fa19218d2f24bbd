#include "core/engine/format_reader.hpp"

#include <utility>

#include "ar/format.h"
#include "core/base/error.hpp"
#include "core/engine/plugin_error.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/engine/stored_planes.hpp"
#include "core/engine/stored_scheme.hpp"
#include "core/tensor/view.hpp"

namespace ar::engine {
namespace {

void add_tensors(const model::Checkpoint& checkpoint, const std::string& layer, LayerTensors& tensors) {
  for (const std::string& name : layer_tensors(checkpoint, layer)) tensors.add(name, checkpoint.raw(name));
}

}  // namespace

StoredLayer to_stored_layer(const StagingSink& sink, const std::string& name, int64_t out, int64_t in) {
  StoredLayer layer;
  quant::QuantizedWeight& w = layer.planes;
  const std::pair<const char*, at::Tensor*> planes[] = {{"codes", &w.codes},
                                                        {"scale", &w.scale},
                                                        {"zero_point", &w.zero_point},
                                                        {"global_scale", &w.global_scale},
                                                        {"super_scale", &w.super_scale},
                                                        {"super_min", &w.super_min},
                                                        {"scale_codes", &w.scale_codes},
                                                        {"min_codes", &w.min_codes},
                                                        {"act_scale", &w.act_scale},
                                                        {"act_global_scale", &w.act_global_scale},
                                                        {"bias", &layer.bias}};
  bool described = false;
  for (const StagedTensor& t : sink.tensors()) {
    for (const auto& [plane, member] : planes) {
      if (t.name == plane) *member = tensor::from_bytes(t.name, t.dtype, t.shape, t.bytes.data(), t.bytes.size());
    }
    if (const auto scheme = described_scheme(t, name)) {
      w.scheme = *scheme;
      described = true;
    }
  }
  if (!described) base::fail("layer '{}': its format did not say how it is stored", name);
  w.out = out;
  w.in = in;
  check_planes(w, name);
  return layer;
}

std::vector<std::string> layer_tensors(const model::Checkpoint& checkpoint, const std::string& layer) {
  std::vector<std::string> names;
  const std::string prefix = layer + ".";
  const auto& all = checkpoint.tensors();
  for (auto it = all.lower_bound(prefix); it != all.end() && it->first.rfind(prefix, 0) == 0; ++it) {
    if (it->first.find('.', prefix.size()) == std::string::npos) names.push_back(it->first);
  }
  return names;
}

FormatReader::FormatReader(plugin::Registry& registry, std::string quantization_config)
    : plugin_(&require_owner(registry, quantization_config)), config_(std::move(quantization_config)) {}

StoredLayer FormatReader::read(const model::Checkpoint& checkpoint, const std::string& name, int64_t out,
                               int64_t in) const {
  LayerTensors tensors;
  add_tensors(checkpoint, name, tensors);
  ar_layer layer{};
  layer.struct_size = sizeof layer;
  layer.name = name.c_str();
  layer.out_features = out;
  layer.in_features = in;
  StagingSink sink;
  ar_error err{};
  require_ok(plugin_->api.read_layer(config_.c_str(), &layer, tensors.data(), tensors.size(), sink.sink(), &err), err,
             *plugin_, checkpoint.folder().string() + ": layer '" + name + "'");
  return to_stored_layer(sink, name, out, in);
}

quant::Scheme FormatReader::scheme(const model::Checkpoint& checkpoint, const std::string& name) const {
  LayerTensors tensors;
  add_tensors(checkpoint, name, tensors);
  return stored_scheme(*plugin_, config_, name, tensors);
}

}  // namespace ar::engine
