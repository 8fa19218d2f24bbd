#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "core/quant/scheme.hpp"
#include "core/quant/scheme_recipe.hpp"

namespace ar::model {

/// A linear layer of the model, a candidate for quantization.
struct LinearInfo {
  std::string name;
  int64_t out = 0;
  int64_t in = 0;
  bool in_block = true;
  bool is_head = false;
};

/// What the user and the model ask for, layer by layer.
struct LayerRequest {
  std::vector<quant::RecipeRule> recipe;       // of the preset: layers that the entries below do not name exactly
  std::string layer_config;                    // text of --layer_config
  std::string ignore_layers;                   // text of --ignore_layers
  std::vector<std::string> predefined_ignore;  // predefined_ignore_layers()
  bool quant_lm_head = false;
  bool tied = false;                           // the head shares the embedding
  std::vector<std::string> other_modules;      // childless modules that are no linear layer: embeddings, norms
  std::vector<std::string> checkpoint_layers;  // stored weights (without ".weight") the model does not instantiate
};

/// The decision for one layer.
struct LayerChoice {
  std::string name;
  quant::Scheme scheme;
  std::optional<std::string> scale_dtype;  // of the entry; absent: the run's
  bool quantized = true;
  bool fixed_by_user = false;  // by --layer_config or --ignore_layers
  std::string reason;          // why it is left alone, "" when quantized: "ignored", "shape not divisible by 32" ...
};

struct LayerPlan {
  std::vector<LayerChoice> layers;   // in the order of the candidates
  bool quant_lm_head = false;        // after all rules
  boost::json::object extra_config;  // as the auto_round format writes it (formats.md 4.2)
  boost::json::object regex_config;  // its pattern entries alone
  std::vector<std::string> infos;    // lines for the log
  std::vector<std::string> warnings;
};

/// Parses the text of --layer_config (cli.md 5.1) into name -> preset name or object. Refuses bad syntax.
boost::json::object parse_layer_config(std::string_view text);

/// Resolves every candidate, in upstream's order of evaluation (cli.md 5.2 to 5.5). Pure. [any]
LayerPlan resolve_layers(const std::vector<LinearInfo>& candidates, const quant::Scheme& global,
                         const LayerRequest& request);

/// The regular expression (Python syntax, for a search) of a layer pattern (cli.md 5.3).
std::string layer_regex(std::string_view pattern);

/// Sorted names with runs of numbers folded: "model.layers.[0-2,5].q, lm_head" (cli.md 11.3).
std::string compress_names(const std::vector<std::string>& names);

}  // namespace ar::model
