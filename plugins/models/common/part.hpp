#pragma once

#include <cstdint>
#include <map>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "plugins/models/common/rope.hpp"

namespace ar::models {

/// What the blocks of one pass share.
class DecoderContext : public Context {
 public:
  int64_t length = 0;
  RopeTables rope;
  /// Window -> additive mask [T, T] in the dtype of the pass; only for windows shorter than the sequence.
  std::map<int64_t, at::Tensor> masks;
};

/// The mixing of tokens in one block. Immutable; run is pure and differentiable. [any]
class Attention {
 public:
  virtual ~Attention() = default;
  /// Normed input [B, T, H] -> [B, T, H].
  virtual at::Tensor run(const at::Tensor& x, const DecoderContext& context, Runner& runner) const = 0;
};

/// What happens to each token by itself. As Attention.
class Mlp {
 public:
  virtual ~Mlp() = default;
  virtual at::Tensor run(const at::Tensor& x, Runner& runner) const = 0;
};

}  // namespace ar::models
