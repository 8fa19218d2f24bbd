#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"

namespace {

const ar::models::DecoderSpec& llama() {
  static const ar::models::DecoderSpec spec = [] {
    ar::models::DecoderSpec s{"llama", "LlamaForCausalLM"};
    s.names.attention_type = "LlamaAttention";
    s.defaults = {{"vocab_size", 32000},     {"hidden_size", 4096},       {"intermediate_size", 11008},
                  {"num_hidden_layers", 32}, {"num_attention_heads", 32}, {"max_position_embeddings", 2048}};
    s.qkv_bias = {"attention_bias", false};
    s.o_bias = {"attention_bias", false};
    s.mlp_bias = {"mlp_bias", false};
    s.gguf.architecture = "llama";
    s.gguf.llama = true;
    s.gguf.vocabularies = {"sentencepiece", "llama", "gpt2"};
    return s;
  }();
  return spec;
}

const char* const kArchitectures[] = {"LlamaForCausalLM", nullptr};
constexpr ar_plugin_desc kDesc = ar::models::describe("llama", "Llama 1 to 3 and models of its shape", kArchitectures,
                                                      &ar::models::Adapter<llama>::kApi);

}  // namespace

AR_PLUGIN(llama, &kDesc)
