#include "plugins/models/common/shape.hpp"

#include <cstring>
#include <string>

namespace ar::models {
namespace {

class Reader {
 public:
  Reader(const DecoderSpec& spec, const Config& config) : spec_(spec), config_(config) {}

  /// The key's value, else the family's default, else `otherwise`; at least 1.
  int64_t count(const char* key, int64_t otherwise = 0) const {
    if (const auto value = config_.integer(key)) {
      if (*value < 1 || *value > (int64_t{1} << 31)) config_.refuse(key, "a whole number from 1 to 2^31");
      return *value;
    }
    for (const auto& [name, value] : spec_.defaults) {
      if (std::strcmp(name, key) == 0) return value;
    }
    if (otherwise == 0) config_.missing(key);
    return otherwise;
  }

  bool flag(const Flag& flag) const {
    return flag.key == nullptr ? flag.otherwise : config_.flag(flag.key).value_or(flag.otherwise);
  }

 private:
  const DecoderSpec& spec_;
  const Config& config_;
};

void check_activation(const Config& config) {
  const std::string act = config.text("hidden_act").value_or("silu");
  if (act != "silu" && act != "swish") config.refuse("hidden_act", "silu or swish");
}

/// transformers: the window is off unless use_sliding_window; layer_types, when there, says which layers slide.
std::vector<int64_t> read_windows(const DecoderSpec& spec, const Config& config, const Reader& read, int64_t layers) {
  std::vector<int64_t> windows(static_cast<std::size_t>(layers), 0);
  if (spec.window == Window::kNone) return windows;
  const bool on = config.flag("use_sliding_window").value_or(false) && config.show("sliding_window") != "null";
  const int64_t window = on ? read.count("sliding_window") : 0;
  int64_t first = layers;  // 0 is a count like any other here: every layer slides
  if (on) {
    first = config.has("max_window_layers") ? *config.integer("max_window_layers") : read.count("max_window_layers");
  }

  const auto types = config.texts("layer_types");
  if (!types.empty() && static_cast<int64_t>(types.size()) != layers) {
    config.refuse("layer_types", "a list of " + std::to_string(layers) + " names");
  }
  for (int64_t i = 0; i < layers; ++i) {
    const auto l = static_cast<std::size_t>(i);
    bool sliding = i >= first;
    if (!types.empty()) {
      sliding = types[l] == "sliding_attention";
      if (!sliding && types[l] != "full_attention") {
        config.refuse("layer_types", "a list of full_attention and sliding_attention");
      }
      if (sliding && !on) config.refuse("layer_types", "full_attention throughout when use_sliding_window is off");
    }
    if (sliding) windows[l] = window;
  }
  return windows;
}

}  // namespace

Shape read_shape(const DecoderSpec& spec, const Config& config) {
  const Reader read(spec, config);
  check_activation(config);
  Shape shape;
  shape.hidden = read.count("hidden_size");
  shape.layers = read.count("num_hidden_layers");
  shape.heads = read.count("num_attention_heads");
  shape.kv_heads =
      config.show("num_key_value_heads") == "null" ? shape.heads : read.count("num_key_value_heads", shape.heads);
  shape.head_dim = config.show("head_dim") == "null" ? shape.hidden / shape.heads
                                                     : read.count("head_dim", shape.hidden / shape.heads);
  shape.mlp_width = read.count("intermediate_size");
  shape.vocab = read.count("vocab_size");
  shape.max_positions = read.count("max_position_embeddings");
  if (shape.heads % shape.kv_heads != 0) {
    config.refuse("num_key_value_heads", "a divisor of num_attention_heads " + std::to_string(shape.heads));
  }
  shape.norm_eps = config.number(spec.norm_eps_key).value_or(spec.norm_eps);
  shape.qkv_bias = read.flag(spec.qkv_bias);
  shape.o_bias = read.flag(spec.o_bias);
  shape.mlp_bias = read.flag(spec.mlp_bias);
  shape.tied = read.flag(spec.tied);
  shape.rope = read_rope(config, shape.head_dim, shape.max_positions, spec.rope_theta);
  shape.windows = read_windows(spec, config, read, shape.layers);
  return shape;
}

}  // namespace ar::models
