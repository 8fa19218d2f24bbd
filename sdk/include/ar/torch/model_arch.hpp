#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/abi.h"

// The C++ interface of model adapters. It is exchanged only between binaries with an identical build tag.
// `iface` of the build tag counts changes to this file.
#define AR_TORCH_IFACE 5

namespace ar {

/// One stored tensor of a checkpoint.
struct TensorInfo {
  std::string dtype;  // safetensors spelling: "BF16", "F32" ...
  std::vector<int64_t> shape;
};
using TensorTable = std::map<std::string, TensorInfo>;

/// A linear layer: y = x W^T + b with W [out, in].
struct LinearSpec {
  std::string name;       // checkpoint path, e.g. "model.layers.0.mlp.up_proj"
  std::string weight;     // stored tensor, e.g. name + ".weight"
  std::string bias;       // stored tensor, or empty
  int64_t out = 0;
  int64_t in = 0;
  bool conv1d = false;    // stored [in, out]
  int64_t slice = -1;     // index along dim 0 of a stored 3-D tensor (fused experts), -1 = whole tensor
  bool expert = false;    // routed expert
  std::string gguf_name;  // name in GGUF files without ".weight", e.g. "blk.0.ffn_up"; empty = none
};

/// Any other tensor a stage of the model reads: norms, embeddings, sinks.
struct ParameterSpec {
  std::string tensor;       // stored name
  std::string export_name;  // name in the output when it differs: a tied embedding stored as "lm_head.weight", a missing
                            // "model." prefix; empty = tensor
  bool norm = false;        // a norm weight that norm tuning may train
  std::string gguf_name;  // with suffix, e.g. "blk.0.attn_norm.weight"
};

/// An attention whose keys and values a cache would hold.
struct AttentionSpec {
  std::string name;   // module: "model.layers.0.self_attn"; scales of its states are stored under this name
  std::string type;   // its class in transformers, by which configs address it: "Qwen3Attention"
  int64_t heads = 0;  // of queries
  int64_t kv_heads = 0;
};

/// What an attention multiplies, after norms and rotation.
struct AttentionStates {
  at::Tensor query;  // [B, T, heads, head_dim]
  at::Tensor key;    // [B, T, kv_heads, head_dim], as a cache would hold it
  at::Tensor value;  // likewise
};

/// One decoder block. Ids used with the runner are indices into these lists.
struct BlockSpec {
  std::string name;  // "model.layers.0"
  std::vector<LinearSpec> linears;         // in module registration order
  std::vector<ParameterSpec> parameters;
  std::vector<AttentionSpec> attentions;  // empty: nothing of it can be cached in another type
};

/// What a model is made of, as plain data. Built from config.json and the tensor table alone.
struct ModelSpec {
  std::string model_type;
  std::string architecture;
  int64_t hidden = 0;
  int64_t vocab = 0;
  int64_t max_positions = 0;
  std::vector<ParameterSpec> embed;       // parameters of embed()
  std::vector<BlockSpec> blocks;
  std::string block_prefix;               // "model.layers"
  std::string block_module;               // path of the blocks among transformers' modules where checkpoints spell it
                                          // otherwise, e.g. "model.language_model.layers"; empty = block_prefix
  std::vector<ParameterSpec> head_parameters;  // final norm ...
  std::vector<LinearSpec> head;           // the output layer; its weight is the embedding's when tied
  bool tied = false;                      // head shares the embedding
  std::vector<std::string> keep16;        // linears never quantized (full names)
  std::vector<std::string> dropped;       // stored tensors the model does not use and nobody needs (buffers)
  /// Linear layers of parts that nobody runs (vision towers): stored tensors that are copied as they are. By module path
  /// in transformers, in its order.
  std::vector<std::string> copied_linears;
  bool moe = false;
  /// What format families need to know of this architecture, as JSON text by family ("gguf"): handed to format plugins
  /// as it is.
  std::map<std::string, std::string> declarations;
};

/// What a block asks instead of doing it itself: linear layers and parameters by id (index in BlockSpec).
/// The engine runs the same block plain, fake-quantized with gradients, fake-quantized fixed, or recording.
/// One runner serves one thread at a time.
class Runner {
 public:
  virtual ~Runner() = default;
  /// x [..., in] -> [..., out], bias added.
  virtual at::Tensor linear(int64_t id, const at::Tensor& x) = 0;
  /// Experts: rows of x_sorted [n, in] are grouped; rows offsets[e] .. offsets[e+1] go through linear ids[e].
  virtual at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                    const std::vector<int64_t>& offsets) = 0;
  /// A parameter in compute dtype.
  virtual at::Tensor parameter(int64_t id) = 0;
  /// Asked right before queries meet keys, once an attention and pass: what to compute with instead, of the same
  /// shapes; the same tensors unless the states are quantized.
  virtual AttentionStates attention(int64_t id, const AttentionStates& states) {
    (void)id;
    return states;
  }
  /// kFloat, or kBFloat16: operands of matrix products may be rounded to it, sums stay in float32.
  virtual at::ScalarType compute() const = 0;
};

/// What all blocks of a pass share: positions, rotary tables, masks. Built once per sequence length; immutable.
class Context {
 public:
  virtual ~Context() = default;
};

/// One opened model. Methods are pure, [any] thread; tensors are in the dtype of `hidden`.
class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelSpec& spec() const = 0;
  /// Tables for sequences of `length` tokens (positions 0..length-1) in `options` (dtype, device).
  virtual std::shared_ptr<const Context> context(int64_t length, const at::TensorOptions& options) const = 0;
  /// ids [B, T] int64 -> hidden [B, T, H]
  virtual at::Tensor embed(const at::Tensor& ids, const Context& context, Runner& runner) const = 0;
  /// hidden [B, T, H] -> hidden [B, T, H]; differentiable with respect to what the runner returns.
  virtual at::Tensor block(int64_t index, const at::Tensor& hidden, const Context& context, Runner& runner) const = 0;
  /// hidden [B, T, H] -> logits [B, T, V]; final norm included. Parameters: head_parameters, linear 0: head[0].
  virtual at::Tensor head(const at::Tensor& hidden, const Context& context, Runner& runner) const = 0;
};

/// The adapter itself; lives forever. [any]
class AR_EXPORT ModelArch {
 public:
  virtual ~ModelArch() = default;
  /// Throws ar::Error (or std::exception) naming the config key or tensor that is missing or has the wrong shape.
  virtual std::unique_ptr<Model> open(const std::string& config_json, const TensorTable& tensors) const = 0;
};

}  // namespace ar
