#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/quantized_source.hpp"

namespace ar::engine {

/// The tensors of a model, wherever they lie, under the names a checkpoint has for them. Immutable; [any].
class ModelSource {
 public:
  virtual ~ModelSource() = default;

  virtual bool contains(const std::string& name) const = 0;
  /// Fails naming the tensor when there is none.
  virtual TensorInfo info(const std::string& name) const = 0;
  virtual std::vector<std::string> names_in_order() const = 0;
  virtual int64_t n_parameters() const = 0;
  /// The file that holds a tensor, for messages; where the model lies when none has it.
  virtual std::filesystem::path place(const std::string& name) const = 0;

  virtual LoadedWeight linear(const LinearSpec& spec) const = 0;
  /// As stored; float32 when it is stored quantized.
  virtual at::Tensor tensor(const std::string& name) const = 0;

  /// The type that keys and values of attention are rounded to, as `linear` says it of inputs; none: left alone.
  virtual std::optional<at::ScalarType> cache_dtype() const { return std::nullopt; }

  /// The layers as they are stored, for those who want codes; null where layers only come dequantized.
  virtual const WeightSource* layers() const { return nullptr; }
  bool is_quantized(const LinearSpec& spec) const { return layers() != nullptr && layers()->is_quantized(spec); }

  /// Hints about memory: a name, or a prefix ending in '.', is wanted soon or no longer.
  virtual void prefetch(const std::string& /*name_or_prefix*/) const {}
  virtual void release(const std::string& /*name_or_prefix*/) const {}
  virtual void release(const LinearSpec& /*spec*/) const {}
};

}  // namespace ar::engine
