#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ar/torch/model_arch.hpp"
#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/gguf_declaration.hpp"
#include "plugins/models/common/part.hpp"
#include "plugins/models/common/shape.hpp"

namespace ar::models {

/// Any family with blocks h = x + Attn(N1 x); y = h + MLP(N2 h), put together from its declaration.
class Decoder final : public Model {
 public:
  Decoder(const DecoderSpec& spec, const Config& config, const TensorTable& tensors);
  Decoder(const DecoderSpec& spec, const Config& config, const class StoredNames& stored);

  const ModelSpec& spec() const override { return spec_; }
  std::shared_ptr<const Context> context(int64_t length, const at::TensorOptions& options) const override;
  at::Tensor embed(const at::Tensor& ids, const Context& context, Runner& runner) const override;
  at::Tensor block(int64_t index, const at::Tensor& hidden, const Context& context, Runner& runner) const override;
  at::Tensor head(const at::Tensor& hidden, const Context& context, Runner& runner) const override;

 private:
  struct Block {
    std::unique_ptr<Attention> attention;
    std::unique_ptr<Mlp> mlp;
    int64_t attention_norm;
    int64_t mlp_norm;
  };
  /// `text`: the part of `config` that describes the language model.
  Decoder(const DecoderSpec& spec, const Config& config, const Config& text, const class StoredNames& stored);
  void build_io(const DecoderSpec& spec, const class StoredNames& stored);
  void build_block(const DecoderSpec& spec, const class StoredNames& stored, int64_t layer);
  void find_dropped(const DecoderSpec& spec, const class StoredNames& stored);

  Shape shape_;
  std::vector<GgufTensor> gguf_blocks_;  // while it is built; then in spec_.declarations
  std::vector<GgufTensor> gguf_outside_;
  ModelSpec spec_;
  std::vector<Block> blocks_;
};

}  // namespace ar::models
