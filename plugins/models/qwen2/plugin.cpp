#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"

namespace {

const ar::models::DecoderSpec& qwen2() {
  static const ar::models::DecoderSpec spec = [] {
    ar::models::DecoderSpec s{"qwen2", "Qwen2ForCausalLM"};
    s.names.attention_type = "Qwen2Attention";
    s.defaults = {{"vocab_size", 151936},    {"hidden_size", 4096},       {"intermediate_size", 22016},
                  {"num_hidden_layers", 32}, {"num_attention_heads", 32}, {"num_key_value_heads", 32},
                  {"sliding_window", 4096},  {"max_window_layers", 28},   {"max_position_embeddings", 32768}};
    s.qkv_bias = {nullptr, true};
    s.window = ar::models::Window::kUpperLayers;
    s.gguf.architecture = "qwen2";
    s.gguf.head_width = false;
    return s;
  }();
  return spec;
}

const char* const kArchitectures[] = {"Qwen2ForCausalLM", nullptr};
constexpr ar_plugin_desc kDesc =
    ar::models::describe("qwen2", "Qwen2 and Qwen2.5, dense", kArchitectures, &ar::models::Adapter<qwen2>::kApi);

}  // namespace

AR_PLUGIN(qwen2, &kDesc)
