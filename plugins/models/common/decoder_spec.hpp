#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ar::models {

// A model family as data. Everything that sets one family apart from Llama is a field here; README.md lists the twelve
// switches and where a new value of each goes. Whatever has a behaviour of its own is a part (part.hpp), made by the
// function that the declaration names.

struct DecoderSpec;
struct Shape;
class StageBuilder;
class StoredNames;
struct Tower;
class Attention;
class Config;
class Mlp;

/// A boolean config key and its value when absent; without a key, the value itself.
struct Flag {
  const char* key = nullptr;
  bool otherwise = false;
};

/// A module: its name in checkpoints and its name in GGUF files ("" = it has none there).
struct Name {
  const char* module;
  const char* gguf;
};

/// Module names; those of a block are relative to it, and so are GGUF's ("blk.N." is added).
struct Names {
  const char* prefix = "model.";  // stored names may lack it
  const char* blocks = "model.layers";
  const char* block_module = "";  // path among transformers' modules where it is another
  Name embed{"model.embed_tokens", "token_embd"};
  Name final_norm{"model.norm", "output_norm"};
  Name head{"lm_head", "output"};

  const char* attention = "self_attn";
  const char* attention_type = "";  // its class in transformers
  Name attention_norm{"input_layernorm", "attn_norm"};
  Name q{"self_attn.q_proj", "attn_q"};
  Name k{"self_attn.k_proj", "attn_k"};
  Name v{"self_attn.v_proj", "attn_v"};
  Name o{"self_attn.o_proj", "attn_output"};
  Name q_norm{"self_attn.q_norm", "attn_q_norm"};
  Name k_norm{"self_attn.k_norm", "attn_k_norm"};
  Name mlp_norm{"post_attention_layernorm", "ffn_norm"};
  Name gate{"mlp.gate_proj", "ffn_gate"};
  Name up{"mlp.up_proj", "ffn_up"};
  Name down{"mlp.down_proj", "ffn_down"};
  std::vector<const char*> dropped{".rotary_emb.inv_freq"};  // ends of names of stored buffers that nobody needs
};

/// Which layers see a window of the past only.
enum class Window {
  kNone,
  kUpperLayers,  // use_sliding_window: layers from max_window_layers on, or as layer_types says
};

enum class QkNorm {
  kNone,
  kHeadRms,  // one RMS norm over each head of q and of k, before the rotation
};

/// The family in GGUF files: what llama.cpp's architecture of that name expects.
struct Gguf {
  const char* architecture = "";  // "" = it has none
  bool llama = false;             // rows of q and k in pairs, rope_freqs, vocab_size and rope.dimension_count
  bool head_width = true;         // the width of a head is written though config.json does not give it
  bool rope_sections = false;     // positions in time, height and width: which dimensions turn by which
  std::vector<const char*> vocabularies{"sentencepiece", "gpt2"};  // kinds of tokenizer files, first one found
};

using MakeAttention = std::unique_ptr<Attention> (*)(const DecoderSpec&, const Shape&, int64_t layer, StageBuilder&);
using MakeMlp = std::unique_ptr<Mlp> (*)(const DecoderSpec&, const Shape&, int64_t layer, StageBuilder&);

std::unique_ptr<Attention> separate_qkv_attention(const DecoderSpec&, const Shape&, int64_t layer, StageBuilder&);
std::unique_ptr<Mlp> gated_silu_mlp(const DecoderSpec&, const Shape&, int64_t layer, StageBuilder&);

/// The tower beside the language model, nullptr for none. `hidden`: width of the language model.
using DescribeTower = Tower (*)(const Config& config, int64_t hidden, const StoredNames& stored);

struct DecoderSpec {
  const char* model_type;
  const char* architecture;
  Names names{};
  const char* text_config = nullptr;  // object of config.json with the language model's keys; others are beside it
  DescribeTower tower = nullptr;
  /// Whole-number keys that transformers' configuration class fills in when they are absent.
  std::vector<std::pair<const char*, int64_t>> defaults{};
  const char* norm_eps_key = "rms_norm_eps";
  double norm_eps = 1e-6;
  Flag qkv_bias{};
  Flag o_bias{};
  Flag mlp_bias{};
  QkNorm qk_norm = QkNorm::kNone;
  double rope_theta = 10000.0;
  Window window = Window::kNone;
  Flag tied{"tie_word_embeddings", false};
  std::vector<const char*> keep16{};  // modules never quantized, relative to their block
  MakeAttention attention = separate_qkv_attention;
  MakeMlp mlp = gated_silu_mlp;
  Gguf gguf{};
};

}  // namespace ar::models
