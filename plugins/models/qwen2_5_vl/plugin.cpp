#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"
#include "plugins/models/common/qwen_tower.hpp"

namespace {

const ar::models::DecoderSpec& qwen2_5_vl() {
  static const ar::models::DecoderSpec spec = [] {
    ar::models::DecoderSpec s{"qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration"};
    s.names.attention_type = "Qwen2_5_VLAttention";
    s.names.block_module = "model.language_model.layers";
    s.text_config = "text_config";
    s.tower = ar::models::qwen2_5_tower;
    s.defaults = {{"vocab_size", 152064},    {"hidden_size", 8192},       {"intermediate_size", 29568},
                  {"num_hidden_layers", 80}, {"num_attention_heads", 64}, {"num_key_value_heads", 8},
                  {"sliding_window", 4096},  {"max_window_layers", 80},   {"max_position_embeddings", 32768}};
    s.norm_eps = 1e-5;
    s.qkv_bias = {nullptr, true};
    s.window = ar::models::Window::kUpperLayers;
    s.rope_theta = 1e6;
    s.gguf.architecture = "qwen2vl";
    s.gguf.head_width = false;
    s.gguf.rope_sections = true;
    return s;
  }();
  return spec;
}

const char* const kArchitectures[] = {"Qwen2_5_VLForConditionalGeneration", nullptr};
constexpr ar_plugin_desc kDesc = ar::models::describe("qwen2_5_vl", "Qwen2.5-VL, its language model", kArchitectures,
                                                      &ar::models::Adapter<qwen2_5_vl>::kApi);

}  // namespace

AR_PLUGIN(qwen2_5_vl, &kDesc)
