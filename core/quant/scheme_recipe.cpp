#include "core/quant/scheme_recipe.hpp"

namespace ar::quant {
namespace {

SchemeOverride integers(int bits) {
  SchemeOverride fields;
  fields.bits = bits;
  fields.data_type = "int";
  return fields;
}

}  // namespace

bool RecipeRule::fits(std::string_view layer) const {
  return layer.find(contains) != std::string_view::npos &&
         (without.empty() || layer.find(without) == std::string_view::npos);
}

const std::vector<RecipeRule>& recipe(std::string_view preset) {
  // Routed experts hold most of the weights and each sees few tokens; everything that all tokens pass stays wide.
  static const std::vector<RecipeRule> w4a16_mixed = {{"expert", "shared", integers(4)}, {"", "", integers(8)}};
  static const std::vector<RecipeRule> none;
  return preset == "W4A16_MIXED" ? w4a16_mixed : none;
}

}  // namespace ar::quant
