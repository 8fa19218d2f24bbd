#include <algorithm>
#include <iterator>

#include <boost/json/value.hpp>

#include "core/base/error.hpp"
#include "core/model/config.hpp"

namespace ar::model {
namespace {

using Names = std::vector<std::string>;

bool ends_with(const std::string& text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool has_architecture(const Config& config, const char* part) {
  return std::any_of(config.architectures.begin(), config.architectures.end(),
                     [part](const std::string& a) { return a.find(part) != std::string::npos; });
}

/// The MLPs of the leading dense layers of a model whose other layers have experts.
Names dense_mlps(const Config& config) {
  int64_t n_dense = 1;
  if (const auto* value = config.json.if_contains("first_k_dense_replace"); value != nullptr && !value->is_null()) {
    const int64_t* number = value->if_int64();
    if (number == nullptr) base::fail("{}: first_k_dense_replace is no whole number", config.path.string());
    n_dense = std::min(*number, config.num_hidden_layers.value_or(n_dense));
  }
  Names names;
  for (int64_t i = 0; i < n_dense; ++i) names.push_back("layers." + std::to_string(i) + ".mlp");
  return names;
}

/// The rules of models.md 2.4; the first that fits decides.
Names rule_names(const Config& config) {
  if (has_architecture(config, "Longcat")) return {"classifier"};
  if (has_architecture(config, "Glm4MoeLite")) return dense_mlps(config);
  if (config.model_type == "glm_moe_dsa") {
    Names names = dense_mlps(config);
    names.emplace_back("weights_proj");
    return names;
  }
  if (config.model_type == "step3p5") return {"g_proj", "moe.gate", "eh_proj", "shared_head", "layers.45"};
  if (config.model_type == "kimi_k25") return {"vision_tower", "mm_projector"};
  if (config.model_type == "bagel") {
    return {"moe_gen", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"};
  }
  return {};
}

}  // namespace

Names predefined_ignore_layers(const Config& config, const Names& module_names) {
  Names names = rule_names(config);
  if (!names.empty() || !config.moe) return names;
  std::copy_if(module_names.begin(), module_names.end(), std::back_inserter(names),
               [](const std::string& name) { return ends_with(name, ".gate"); });
  return names;
}

}  // namespace ar::model
