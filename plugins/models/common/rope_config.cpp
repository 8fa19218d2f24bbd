#include <cmath>

#include "plugins/models/common/rope.hpp"

namespace ar::models {
namespace {

/// Where the keys of one rope are looked up: the dictionary, then the top level.
struct Keys {
  const Config& top;
  std::optional<Config> dict;

  std::optional<double> number(const char* key) const {
    if (dict && dict->has(key)) return dict->number(key);
    return top.number(key);
  }
  double inner(const char* key) const {
    if (!dict) top.missing(key);
    const auto value = dict->number(key);
    if (!value) dict->missing(key);
    return *value;
  }
};

std::string rope_type(const Config& dict) {
  const char* key = dict.has("rope_type") ? "rope_type" : "type";
  const std::string type = dict.text(key).value_or("default");
  if (type == "mrope") return "default";  // equal for text: its three position rows coincide (models.md 3.3)
  for (const char* known : {"default", "linear", "dynamic", "llama3", "yarn", "longrope"}) {
    if (type == known) return type;
  }
  dict.refuse(key, "default, linear, dynamic, llama3, yarn or longrope");
}

double yarn_scale(double factor, double mscale) { return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0; }

double yarn_attention_factor(const Config& dict, double factor) {
  if (const auto given = dict.number("attention_factor")) return *given;
  const double mscale = dict.number("mscale").value_or(0.0);
  const double all_dim = dict.number("mscale_all_dim").value_or(0.0);
  if (mscale != 0.0 && all_dim != 0.0) return yarn_scale(factor, mscale) / yarn_scale(factor, all_dim);
  return yarn_scale(factor, 1.0);
}

double longrope_attention_factor(const Config& dict, double factor, int64_t original) {
  if (const auto given = dict.number("attention_factor")) return *given;
  if (factor <= 1.0) return 1.0;
  return std::sqrt(1.0 + std::log(factor) / std::log(static_cast<double>(original)));
}

/// The length the model was first trained with: a top-level key beats the one in the dictionary.
void read_original_positions(const Config& config, const Config& dict, Rope& rope) {
  const char* key = "original_max_position_embeddings";
  const auto top = config.integer(key);
  rope.original_positions = top ? *top : dict.integer(key).value_or(rope.max_positions);
  if (rope.original_positions < 2) (top ? config : dict).refuse(key, "2 or more");
  const double ratio = static_cast<double>(rope.max_positions) / static_cast<double>(rope.original_positions);
  rope.factor = rope.type == "longrope" && top ? ratio : dict.number("factor").value_or(ratio);
}

void read_longrope(const Config& dict, Rope& rope) {
  rope.short_factor = dict.numbers("short_factor");
  rope.long_factor = dict.numbers("long_factor");
  const auto n = static_cast<std::size_t>(rope.width / 2);
  const std::string accepted = "a list of " + std::to_string(n) + " numbers";
  if (rope.short_factor.size() != n) dict.refuse("short_factor", accepted);
  if (rope.long_factor.size() != n) dict.refuse("long_factor", accepted);
  rope.attention_factor = longrope_attention_factor(dict, rope.factor, rope.original_positions);
}

}  // namespace

std::optional<Config> rope_dictionary(const Config& config) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (auto dict = config.object(key)) return dict;
  }
  return std::nullopt;
}

Rope read_rope(const Config& config, int64_t head_dim, int64_t max_positions, double default_theta) {
  const Keys keys{config, rope_dictionary(config)};
  Rope rope;
  rope.max_positions = max_positions;
  rope.theta = keys.number("rope_theta").value_or(default_theta);
  rope.width = static_cast<int64_t>(static_cast<double>(head_dim) * keys.number("partial_rotary_factor").value_or(1.0));
  if (rope.width < 2 || rope.width % 2 != 0 || rope.width > head_dim) {
    (keys.dict && keys.dict->has("partial_rotary_factor") ? *keys.dict : config)
        .refuse("partial_rotary_factor",
                "a fraction that gives an even number of the " + std::to_string(head_dim) + " dimensions of a head");
  }
  if (!keys.dict) return rope;

  const Config& dict = *keys.dict;
  rope.type = rope_type(dict);
  if (rope.type == "linear" || rope.type == "dynamic") rope.factor = keys.inner("factor");
  if (rope.type == "llama3") {
    keys.inner("factor");
    rope.low_freq_factor = keys.inner("low_freq_factor");
    rope.high_freq_factor = keys.inner("high_freq_factor");
  }
  if (rope.type == "llama3" || rope.type == "yarn" || rope.type == "longrope")
    read_original_positions(config, dict, rope);
  if (rope.type == "longrope") read_longrope(dict, rope);
  if (rope.type == "yarn") {
    // Zero means unset, as in transformers.
    if (const double beta = dict.number("beta_fast").value_or(0.0); beta != 0.0) rope.beta_fast = beta;
    if (const double beta = dict.number("beta_slow").value_or(0.0); beta != 0.0) rope.beta_slow = beta;
    rope.truncate = dict.flag("truncate").value_or(true);
    rope.attention_factor = yarn_attention_factor(dict, rope.factor);
  }
  if (!(rope.factor > 0.0)) dict.refuse("factor", "a positive number");
  return rope;
}

}  // namespace ar::models
