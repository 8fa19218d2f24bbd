#include "plugins/models/common/gguf_import.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"
#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder.hpp"
#include "plugins/models/common/stage_builder.hpp"

namespace ar::models {
namespace {

namespace json = boost::json;

/// The file's keys and tensors.
class File {
 public:
  explicit File(const json::object& description)
      : architecture_(description.at("architecture").as_string()),
        metadata_(description.at("metadata").as_object()),
        tensors_(description.at("tensors").as_array()) {}

  const json::value* find(const char* key) const { return metadata_.if_contains(architecture_ + "." + key); }
  const json::value* find_plain(const char* key) const { return metadata_.if_contains(key); }
  const json::value& number(const char* key) const {
    const json::value* value = find(key);
    if (value != nullptr && value->is_number()) return *value;
    throw Error(AR_INVALID_ARGUMENT, architecture_ + "." + key + " is missing or no number");
  }
  const json::object* tensor(std::string_view name) const {
    for (const json::value& t : tensors_) {
      if (t.at("name").as_string() == name) return &t.get_object();
    }
    return nullptr;
  }

 private:
  std::string architecture_;
  const json::object& metadata_;
  const json::array& tensors_;
};

/// rope_freqs.weight stands for rope type llama3, whose other numbers are the same in every model that has it.
json::object llama3_scaling(const json::object& tensor, const json::object& config) {
  Rope rope;
  rope.theta = config.at("rope_theta").to_number<double>();
  rope.width = config.at("head_dim").to_number<int64_t>();
  rope.original_positions = 8192;
  rope.low_freq_factor = 1.0;
  rope.high_freq_factor = 4.0;
  std::vector<float> values;
  for (const json::value& v : tensor.at("values").as_array())
    values.push_back(static_cast<float>(v.to_number<double>()));
  rope.factor = values.empty() ? 1.0 : *std::max_element(values.begin(), values.end());
  if (values != llama3_divisors(rope)) {
    throw Error(AR_UNSUPPORTED,
                "rope_freqs.weight holds other frequencies than rope type llama3 gives for 8192 original positions and "
                "factors 1 and 4");
  }
  return {{"rope_type", "llama3"},
          {"factor", rope.factor},
          {"low_freq_factor", 1.0},
          {"high_freq_factor", 4.0},
          {"original_max_position_embeddings", 8192}};
}

json::object rope_scaling(const File& file, const json::object& config) {
  if (const json::object* freqs = file.tensor("rope_freqs.weight")) return llama3_scaling(*freqs, config);
  json::object scaling;
  if (const json::value* sections = file.find("rope.dimension_sections"))
    scaling = {{"rope_type", "default"}, {"mrope_section", *sections}};
  const json::value* type = file.find("rope.scaling.type");
  if (type == nullptr || !type->is_string() || type->get_string() == "none") return scaling;
  scaling["rope_type"] = *type;
  const auto copy = [&](const char* key, const char* from) {
    if (const json::value* value = file.find(from)) scaling[key] = *value;
  };
  copy("factor", "rope.scaling.factor");
  copy("original_max_position_embeddings", "rope.scaling.original_context_length");
  copy("attention_factor", "rope.scaling.yarn_attn_factor");
  copy("beta_fast", "rope.scaling.yarn_beta_fast");
  copy("beta_slow", "rope.scaling.yarn_beta_slow");
  return scaling;
}

json::object config_of(const DecoderSpec& spec, const File& file) {
  json::object c{{"model_type", spec.model_type},
                 {"architectures", json::array{spec.architecture}},
                 {"hidden_act", "silu"},
                 {"hidden_size", file.number("embedding_length")},
                 {"intermediate_size", file.number("feed_forward_length")},
                 {"num_hidden_layers", file.number("block_count")},
                 {"num_attention_heads", file.number("attention.head_count")},
                 {"max_position_embeddings", file.number("context_length")},
                 {"rms_norm_eps", file.number("attention.layer_norm_rms_epsilon")}};
  const json::value* kv_heads = file.find("attention.head_count_kv");
  c["num_key_value_heads"] = kv_heads != nullptr ? *kv_heads : c.at("num_attention_heads");
  const json::value* width = file.find("attention.key_length");
  c["head_dim"] = width != nullptr
                      ? *width
                      : json::value(c.at("hidden_size").to_number<int64_t>() /
                                    std::max<int64_t>(1, c.at("num_attention_heads").to_number<int64_t>()));
  const json::value* theta = file.find("rope.freq_base");
  c["rope_theta"] = theta != nullptr ? *theta : json::value(10000.0);  // llama.cpp's default
  const json::object* table = file.tensor("token_embd.weight");
  if (table == nullptr) throw Error(AR_NOT_FOUND, "tensor 'token_embd.weight' is missing");
  c["vocab_size"] = table->at("shape").as_array().at(0);
  c["tie_word_embeddings"] = file.tensor("output.weight") == nullptr;
  const auto flag = [&](const Flag& f, const char* tensor) {
    if (f.key != nullptr) c[f.key] = file.tensor(tensor) != nullptr;
  };
  flag(spec.o_bias, "blk.0.attn_output.bias");
  flag(spec.qkv_bias, "blk.0.attn_q.bias");
  flag(spec.mlp_bias, "blk.0.ffn_up.bias");
  const auto token = [&](const char* key, const char* from) {
    if (const json::value* id = file.find_plain(from); id != nullptr && id->is_number()) c[key] = *id;
  };
  token("bos_token_id", "tokenizer.ggml.bos_token_id");
  token("eos_token_id", "tokenizer.ggml.eos_token_id");
  token("pad_token_id", "tokenizer.ggml.padding_token_id");
  if (const json::value* layers = file.find("n_deepstack_layers")) c["n_deepstack_layers"] = *layers;
  if (json::object scaling = rope_scaling(file, c); !scaling.empty()) c["rope_scaling"] = std::move(scaling);
  return c;
}

}  // namespace

std::string import_gguf(const DecoderSpec& spec, const std::string& description) {
  const json::value parsed = json::parse(description);
  const json::object& file = parsed.as_object();
  if (file.at("architecture").as_string() != spec.gguf.architecture) return "";
  json::object config = config_of(spec, File(file));
  const Decoder model(spec, Config(config, "the GGUF file's keys"), StoredNames::complete());
  const json::value declared = json::parse(model.spec().declarations.at("gguf"));
  json::array tensors;
  for (const json::value& t : declared.at("tensors").as_array()) {
    if (t.as_object().contains("source")) tensors.push_back(t);
  }
  return json::serialize(json::object{{"config", std::move(config)}, {"tensors", std::move(tensors)}});
}

}  // namespace ar::models
