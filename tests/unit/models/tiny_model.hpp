#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/linear.h>

#include "plugins/models/common/decoder.hpp"
#include "tests/unit/models/random.hpp"

namespace ar::test {

inline const char* const kTinyConfig = R"({"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 32, "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5})";

/// Every switch that the three families use, turned on.
inline models::DecoderSpec tiny_spec() {
  models::DecoderSpec spec{"tiny", "TinyForCausalLM"};
  spec.names.attention_type = "TinyAttention";
  spec.qkv_bias = {"attention_bias", true};
  spec.qk_norm = models::QkNorm::kHeadRms;
  spec.window = models::Window::kUpperLayers;
  spec.defaults = {{"max_window_layers", 1}};
  return spec;
}

inline TensorTable tiny_tensors() {
  TensorTable t;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) { t[name] = {"F32", shape}; };
  add("model.embed_tokens.weight", {32, 16});
  add("model.norm.weight", {16});
  add("lm_head.weight", {32, 16});
  for (const std::string block : {"model.layers.0.", "model.layers.1."}) {
    add(block + "input_layernorm.weight", {16});
    add(block + "post_attention_layernorm.weight", {16});
    for (const char* proj : {"q_proj", "k_proj", "v_proj"}) {
      const int64_t out = *proj == 'q' ? 32 : 16;
      add(block + "self_attn." + proj + ".weight", {out, 16});
      add(block + "self_attn." + proj + ".bias", {out});
    }
    add(block + "self_attn.o_proj.weight", {16, 32});
    add(block + "self_attn.q_norm.weight", {8});
    add(block + "self_attn.k_norm.weight", {8});
    add(block + "mlp.gate_proj.weight", {24, 16});
    add(block + "mlp.up_proj.weight", {24, 16});
    add(block + "mlp.down_proj.weight", {16, 24});
  }
  return t;
}

/// Random weights of one block in one dtype, with gradients.
class LeafRunner final : public Runner {
 public:
  LeafRunner(const BlockSpec& block, at::ScalarType dtype) {
    uint32_t seed = 10;
    const auto leaf = [&](const std::vector<int64_t>& shape, float scale) {
      return random_tensor(shape, ++seed, scale).to(dtype).set_requires_grad(true);
    };
    for (const LinearSpec& l : block.linears) {
      weights.push_back(leaf({l.out, l.in}, 0.5f));
      biases.push_back(l.bias.empty() ? at::Tensor() : leaf({l.out}, 0.5f));
    }
    for (const ParameterSpec& p : block.parameters) {
      const bool head = p.tensor.find("self_attn") != std::string::npos;
      parameters.push_back(leaf({head ? 8 : 16}, 1.5f));
    }
  }
  at::Tensor linear(int64_t id, const at::Tensor& x) override {
    const auto i = static_cast<std::size_t>(id);
    return at::linear(x, weights[i], biases[i]);
  }
  at::Tensor grouped_linear(const std::vector<int64_t>&, const at::Tensor&, const std::vector<int64_t>&) override {
    return {};
  }
  at::Tensor parameter(int64_t id) override { return parameters[static_cast<std::size_t>(id)]; }
  at::ScalarType compute() const override { return at::kFloat; }

  std::vector<at::Tensor> leaves() const {
    std::vector<at::Tensor> all = weights;
    for (const at::Tensor& b : biases) {
      if (b.defined()) all.push_back(b);
    }
    all.insert(all.end(), parameters.begin(), parameters.end());
    return all;
  }

  std::vector<at::Tensor> weights, biases, parameters;
};

}  // namespace ar::test
