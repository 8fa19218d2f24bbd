#include "plugins/models/common/gguf_declaration.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "plugins/models/common/tower.hpp"

namespace ar::models {
namespace {

namespace json = boost::json;

class Keys {
 public:
  explicit Keys(std::string architecture) : architecture_(std::move(architecture)) {}

  std::string name(const char* key) const { return architecture_ + "." + key; }
  void u32(const char* key, int64_t value) { add(name(key), "u32", value); }
  void f32(const char* key, double value) { add(name(key), "f32", value); }
  void text(const char* key, const std::string& value) { add(name(key), "string", json::string(value)); }
  void add(const std::string& key, const char* type, const json::value& value) {
    items_.push_back(json::array{key, type, value});
  }
  json::array take() { return std::move(items_); }

 private:
  std::string architecture_;
  json::array items_;
};

void add_rope_scaling(const Rope& rope, const Config& config, Keys& keys) {
  if (rope.type != "linear" && rope.type != "yarn" && rope.type != "longrope") return;
  keys.text("rope.scaling.type", rope.type);
  if (rope.type == "longrope") return;
  keys.f32("rope.scaling.factor", rope.factor);
  if (rope.type == "linear") return;
  keys.u32("rope.scaling.original_context_length", rope.original_positions);
  const auto dictionary = rope_dictionary(config);
  if (!dictionary) return;
  const auto optional = [&](const char* key, std::optional<double> value) {
    if (value) keys.f32(key, *value);
  };
  const auto factor = dictionary->number("attention_factor");
  optional("rope.scaling.yarn_ext_factor", dictionary->number("extrapolation_factor"));
  optional("rope.scaling.yarn_attn_factor", factor ? factor : dictionary->number("attn_factor"));
  optional("rope.scaling.yarn_beta_fast", dictionary->number("beta_fast"));
  optional("rope.scaling.yarn_beta_slow", dictionary->number("beta_slow"));
}

/// Four numbers, the last for a dimension that no model has.
void add_rope_sections(const Config& config, Keys& keys) {
  const auto dictionary = rope_dictionary(config);
  if (!dictionary) return;
  json::array sections;
  for (const double size : dictionary->numbers("mrope_section")) sections.emplace_back(static_cast<int64_t>(size));
  if (sections.empty()) return;
  sections.resize(4, 0);
  keys.add(keys.name("rope.dimension_sections"), "i32s", sections);
}

json::array metadata(const DecoderSpec& spec, const Shape& shape, const Config& config, const Tower& tower) {
  Keys keys(spec.gguf.architecture);
  keys.u32("block_count", shape.layers);
  keys.u32("context_length", shape.max_positions);
  keys.u32("embedding_length", shape.hidden);
  keys.u32("feed_forward_length", shape.mlp_width);
  keys.u32("attention.head_count", shape.heads);
  keys.u32("attention.head_count_kv", shape.kv_heads);
  add_rope_scaling(shape.rope, config, keys);
  if (spec.gguf.rope_sections) add_rope_sections(config, keys);
  keys.f32("rope.freq_base", shape.rope.theta);
  keys.f32("attention.layer_norm_rms_epsilon", shape.norm_eps);
  if (spec.gguf.head_width || config.has("head_dim")) {
    keys.u32("attention.key_length", shape.head_dim);
    keys.u32("attention.value_length", shape.head_dim);
  }
  keys.add("general.file_type", "u32", 0);  // its place; the format knows the value
  if (spec.gguf.llama) {
    keys.u32("vocab_size", shape.vocab);
    keys.u32("rope.dimension_count", shape.head_dim);
  }
  // A file that is read gives config.json the key itself.
  const auto deepstack = tower.deepstack_layers ? tower.deepstack_layers : config.integer("n_deepstack_layers");
  if (deepstack) keys.u32("n_deepstack_layers", *deepstack);
  return keys.take();
}

/// Vocabularies that llama.cpp knows by their size: CodeLlama's infill tokens, and one that begins no text.
json::array last_keys(const Shape& shape) {
  Keys keys("");
  if (shape.vocab == 32016) {
    keys.add("tokenizer.ggml.prefix_token_id", "u32", 32007);
    keys.add("tokenizer.ggml.suffix_token_id", "u32", 32008);
    keys.add("tokenizer.ggml.middle_token_id", "u32", 32009);
    keys.add("tokenizer.ggml.eot_token_id", "u32", 32010);
  }
  if (shape.vocab == 49152) keys.add("tokenizer.ggml.add_bos_token", "bool", false);
  return keys.take();
}

json::object tensor_json(const GgufTensor& t, bool rope_pairs) {
  json::object o{{"source", t.source}, {"name", t.name}, {"shape", json::array(t.shape.begin(), t.shape.end())}};
  if (rope_pairs && t.rope_heads > 0) o["rope_heads"] = t.rope_heads;
  return o;
}

}  // namespace

std::vector<float> llama3_divisors(const Rope& rope) {
  const auto low_length = static_cast<float>(static_cast<double>(rope.original_positions) / rope.low_freq_factor);
  const auto high_length = static_cast<float>(static_cast<double>(rope.original_positions) / rope.high_freq_factor);
  const auto low = static_cast<float>(rope.low_freq_factor);
  const auto range = static_cast<float>(rope.high_freq_factor - rope.low_freq_factor);
  const auto factor = static_cast<float>(rope.factor);
  std::vector<float> divisors;
  for (int64_t i = 0; i < rope.width; i += 2) {
    const float power =
        std::pow(static_cast<float>(rope.theta), static_cast<float>(i) / static_cast<float>(rope.width));
    const float wavelength = 1.0F / (1.0F / power) * 6.283185307179586F;
    if (wavelength < high_length) {
      divisors.push_back(1.0F);
    } else if (wavelength > low_length) {
      divisors.push_back(factor);
    } else {
      const float turns = 1.0F / wavelength * static_cast<float>(rope.original_positions);
      const float smooth = (turns - low) / range;
      divisors.push_back(1.0F / ((1.0F - smooth) / factor + smooth));
    }
  }
  return divisors;
}

std::string gguf_declaration(const DecoderSpec& spec, const Shape& shape, const Config& config,
                             std::vector<GgufTensor> blocks, std::vector<GgufTensor> outside, const Tower& tower) {
  if (*spec.gguf.architecture == '\0') return "";
  json::array tensors;
  const auto add = [&](const std::vector<GgufTensor>& list) {
    for (const GgufTensor& t : list) tensors.push_back(tensor_json(t, spec.gguf.llama));
  };
  add(blocks);
  if (spec.gguf.llama && shape.rope.type == "llama3") {
    const std::vector<float> divisors = llama3_divisors(shape.rope);
    tensors.push_back(json::object{{"name", "rope_freqs.weight"},
                                   {"shape", json::array{divisors.size()}},
                                   {"values", json::array(divisors.begin(), divisors.end())}});
  }
  add(outside);
  const bool unnamed = std::any_of(tensors.begin(), tensors.end(),
                                   [](const json::value& t) { return t.at("name").as_string().empty(); });
  if (unnamed) return "";
  json::array kinds;
  for (const char* kind : spec.gguf.vocabularies) kinds.emplace_back(kind);
  json::object declaration{{"architecture", spec.gguf.architecture},
                           {"metadata", metadata(spec, shape, config, tower)},
                           {"tensors", std::move(tensors)},
                           {"tokenizer", json::object{{"kinds", std::move(kinds)}, {"vocab_size", shape.vocab}}}};
  if (spec.gguf.llama) {
    declaration["tokenizer"].as_object()["space_prefix_from_config"] = true;
    declaration["last"] = last_keys(shape);
  }
  if (!tower.mmproj.empty()) declaration["mmproj"] = tower.mmproj;
  return json::serialize(declaration);
}

}  // namespace ar::models
