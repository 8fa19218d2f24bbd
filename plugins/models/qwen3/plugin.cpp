#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"

namespace {

const ar::models::DecoderSpec& qwen3() {
  static const ar::models::DecoderSpec spec = [] {
    ar::models::DecoderSpec s{"qwen3", "Qwen3ForCausalLM"};
    s.names.attention_type = "Qwen3Attention";
    s.defaults = {{"vocab_size", 151936},       {"hidden_size", 4096},
                  {"intermediate_size", 22016}, {"head_dim", 128},
                  {"num_hidden_layers", 32},    {"num_attention_heads", 32},
                  {"num_key_value_heads", 32},  {"sliding_window", 4096},
                  {"max_window_layers", 28},    {"max_position_embeddings", 32768}};
    s.qkv_bias = {"attention_bias", false};
    s.o_bias = {"attention_bias", false};
    s.qk_norm = ar::models::QkNorm::kHeadRms;
    s.window = ar::models::Window::kUpperLayers;
    s.gguf.architecture = "qwen3";
    return s;
  }();
  return spec;
}

const char* const kArchitectures[] = {"Qwen3ForCausalLM", nullptr};
constexpr ar_plugin_desc kDesc =
    ar::models::describe("qwen3", "Qwen3, dense", kArchitectures, &ar::models::Adapter<qwen3>::kApi);

}  // namespace

AR_PLUGIN(qwen3, &kDesc)
