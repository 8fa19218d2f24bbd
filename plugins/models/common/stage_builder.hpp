#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ar/torch/model_arch.hpp"
#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/gguf_declaration.hpp"

namespace ar::models {

/// The tensor table of a checkpoint, seen by module name: the base model's prefix may be missing in stored names.
class StoredNames {
 public:
  StoredNames(const TensorTable& tensors, std::string prefix);
  /// A checkpoint in which every tensor asked for is there, with the right shape.
  static StoredNames complete() { return {}; }

  /// The stored spelling of a tensor, as it is or without the prefix; "" when there is none.
  std::string find(const std::string& tensor) const;
  /// Throws when the tensor is missing or has another shape.
  std::string require(const std::string& tensor, const std::vector<int64_t>& shape) const;
  /// The weight of a module; a module that a format stored packed ("<module>.qweight" ...) has the spelling only.
  std::string require_weight(const std::string& module, const std::vector<int64_t>& shape) const;
  const TensorTable& tensors() const { return *tensors_; }

 private:
  StoredNames() = default;
  bool packed(const std::string& module) const;
  void check_shape(const std::string& stored, const std::vector<int64_t>& shape) const;

  static const TensorTable& nothing();
  const TensorTable* tensors_ = &nothing();
  bool complete_ = true;
  std::string prefix_;
};

/// Collects what one stage of the model owns, in registration order, and hands out the ids by which its parts will ask
/// the runner. Throws naming a tensor that is missing or has another shape.
class StageBuilder {
 public:
  /// `module` and `gguf` are put before every name: "model.layers.0." and "blk.0."; "" for stages outside blocks.
  StageBuilder(const StoredNames& stored, std::string module, std::string gguf);

  int64_t linear(const Name& name, int64_t out, int64_t in, bool bias);
  int64_t norm(const Name& name, int64_t size);
  int64_t parameter(const Name& name, const std::vector<int64_t>& shape);
  /// An attention of these heads; its name is that of the module.
  int64_t attention(const char* module, const char* type, int64_t heads, int64_t kv_heads);
  /// The rows of this linear layer are so many heads, which the rotation turns.
  void rotated(int64_t linear, int64_t heads);

  std::vector<LinearSpec>& linears() { return linears_; }
  std::vector<ParameterSpec>& parameters() { return parameters_; }
  std::vector<AttentionSpec>& attentions() { return attentions_; }
  /// Everything so far, in registration order, under its names in the output and in GGUF files.
  const std::vector<GgufTensor>& gguf_tensors() const { return gguf_tensors_; }

 private:
  std::string full_gguf_name(const Name& name, const char* end) const;

  const StoredNames& stored_;
  std::string module_;
  std::string gguf_;
  std::vector<LinearSpec> linears_;
  std::vector<ParameterSpec> parameters_;
  std::vector<AttentionSpec> attentions_;
  std::vector<GgufTensor> gguf_tensors_;
};

}  // namespace ar::models
