#pragma once

#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/quantized_source.hpp"

namespace ar::engine {

/// The tensors of a model that is only run, wherever they lie. Immutable; [any].
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual LoadedWeight linear(const LinearSpec& spec) const = 0;
  virtual at::Tensor bias(const LinearSpec& spec) const = 0;
  /// As stored; float32 when it is stored quantized.
  virtual at::Tensor parameter(const std::string& name) const = 0;
  virtual void release(const LinearSpec& spec) const = 0;
};

}  // namespace ar::engine
