#pragma once

#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/format_reader.hpp"
#include "core/model/checkpoint.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// The linear layers of a model folder, whether it stores them quantized or not. Immutable; [any].
class WeightSource {
 public:
  /// Fails when config.json has a quantization_config that no format plugin owns.
  WeightSource(plugin::Registry& registry, const model::Config& config,
               std::shared_ptr<const model::Checkpoint> checkpoint);

  /// The format that reads its quantized layers; null for an ordinary checkpoint.
  const FormatReader* reader() const { return reader_ ? &*reader_ : nullptr; }
  /// Its weight is missing, or is no ordinary float.
  bool is_quantized(const LinearSpec& spec) const;
  /// Planes of a layer that is stored quantized.
  StoredLayer read(const LinearSpec& spec) const;
  /// [out, in]: float32 from a quantized layer's planes, else as stored.
  at::Tensor weight(const LinearSpec& spec) const;
  /// Tells the system that a layer's pages are done with.
  void release(const LinearSpec& spec) const;

 private:
  std::shared_ptr<const model::Checkpoint> checkpoint_;
  std::optional<FormatReader> reader_;
};

}  // namespace ar::engine
