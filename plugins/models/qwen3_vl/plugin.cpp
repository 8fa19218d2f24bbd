#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"
#include "plugins/models/common/qwen_tower.hpp"

namespace {

const ar::models::DecoderSpec& qwen3_vl() {
  static const ar::models::DecoderSpec spec = [] {
    ar::models::DecoderSpec s{"qwen3_vl", "Qwen3VLForConditionalGeneration"};
    s.names.blocks = "model.language_model.layers";
    s.names.embed.module = "model.language_model.embed_tokens";
    s.names.final_norm.module = "model.language_model.norm";
    s.names.attention_type = "Qwen3VLTextAttention";
    s.text_config = "text_config";
    s.tower = ar::models::qwen3_tower;
    s.defaults = {{"vocab_size", 151936},       {"hidden_size", 4096},
                  {"intermediate_size", 22016}, {"head_dim", 128},
                  {"num_hidden_layers", 32},    {"num_attention_heads", 32},
                  {"num_key_value_heads", 32},  {"max_position_embeddings", 128000}};
    s.qkv_bias = {"attention_bias", false};
    s.o_bias = {"attention_bias", false};
    s.qk_norm = ar::models::QkNorm::kHeadRms;
    s.rope_theta = 5e5;
    s.gguf.architecture = "qwen3vl";
    s.gguf.rope_sections = true;
    return s;
  }();
  return spec;
}

const char* const kArchitectures[] = {"Qwen3VLForConditionalGeneration", nullptr};
constexpr ar_plugin_desc kDesc = ar::models::describe("qwen3_vl", "Qwen3-VL, dense, its language model", kArchitectures,
                                                      &ar::models::Adapter<qwen3_vl>::kApi);

}  // namespace

AR_PLUGIN(qwen3_vl, &kDesc)
