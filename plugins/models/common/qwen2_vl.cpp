#include "plugins/models/common/qwen2_vl.hpp"

namespace ar::models {

DecoderSpec qwen2_vl_spec(const char* model_type, const char* architecture, const char* attention,
                          DescribeTower tower) {
  DecoderSpec s{model_type, architecture};
  s.names.attention_type = attention;
  s.names.block_module = "model.language_model.layers";
  s.text_config = "text_config";
  s.tower = tower;
  s.defaults = {{"vocab_size", 152064},    {"hidden_size", 8192},       {"intermediate_size", 29568},
                {"num_hidden_layers", 80}, {"num_attention_heads", 64}, {"num_key_value_heads", 8},
                {"sliding_window", 4096},  {"max_window_layers", 80},   {"max_position_embeddings", 32768}};
  s.norm_eps = 1e-5;
  s.qkv_bias = {nullptr, true};
  s.window = Window::kUpperLayers;
  s.rope_theta = 1e6;
  s.gguf.architecture = "qwen2vl";
  s.gguf.head_width = false;
  s.gguf.rope_sections = true;
  return s;
}

}  // namespace ar::models
