#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/format_reader.hpp"
#include "core/model/checkpoint.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"
#include "core/tune/input_quantizer.hpp"

namespace ar::engine {

/// A linear layer as a loader computes with it.
struct LoadedWeight {
  at::Tensor weight;  // [out, in]: float32 from a quantized layer's planes, else as stored
  std::optional<tune::InputQuantizer> input;  // as the stored scheme quantizes activations
  at::Tensor minima;  // [out, G] of a layer whose inputs are rounded to a type with sums of its own; else undefined
};

/// How a layer's inputs are rounded, as the scheme it is stored in says; empty when they are left alone.
std::optional<tune::InputQuantizer> input_quantizer(const quant::QuantizedWeight& planes);

/// The linear layers of a model folder, whether it stores them quantized or not. Immutable; [any].
class WeightSource {
 public:
  /// Fails when config.json has a quantization_config that no format plugin owns.
  WeightSource(plugin::Registry& registry, const model::Config& config,
               std::shared_ptr<const model::Checkpoint> checkpoint);

  /// Its weight is missing, or is no ordinary float.
  bool is_quantized(const LinearSpec& spec) const;
  /// Names of the tensors that make a layer when it is stored quantized, else none.
  std::vector<std::string> parts(const LinearSpec& spec) const;
  /// Planes of a layer that is stored quantized.
  StoredLayer read(const LinearSpec& spec) const;
  /// How such a layer is stored.
  quant::Scheme scheme(const LinearSpec& spec) const;
  LoadedWeight load(const LinearSpec& spec) const;
  /// Tells the system that a layer's pages are done with.
  void release(const LinearSpec& spec) const;

 private:
  const FormatReader& reader_of(const LinearSpec& spec) const;

  std::shared_ptr<const model::Checkpoint> checkpoint_;
  std::optional<FormatReader> reader_;
};

}  // namespace ar::engine
