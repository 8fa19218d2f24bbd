#include "host/recipe.hpp"

#include <algorithm>

namespace ar::host {

const RecipeValues& recipe_values(Recipe recipe) {
  static const RecipeValues kDefault{"default", 8, 200, 2048, 128, std::nullopt, std::nullopt};
  static const RecipeValues kBest{"best", 8, 1000, 2048, 512, std::nullopt, std::nullopt};
  static const RecipeValues kLight{"light", 8, 50, 2048, 128, 5e-3, std::nullopt};
  static const RecipeValues kRtn{"rtn", 8, 0, 2048, 1, std::nullopt, true};
  static const RecipeValues kOptRtn{"opt_rtn", 8, 0, 2048, 128, std::nullopt, false};
  switch (recipe) {
    case Recipe::kBest: return kBest;
    case Recipe::kLight: return kLight;
    case Recipe::kRtn: return kRtn;
    case Recipe::kOptRtn: return kOptRtn;
    case Recipe::kDefault: break;
  }
  return kDefault;
}

std::string program_name(std::string_view argv0) {
  std::string name(argv0.substr(argv0.rfind('/') + 1));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

Recipe recipe_of(std::string_view program) {
  if (program == "auto-round-best") return Recipe::kBest;
  if (program == "auto-round-light") return Recipe::kLight;
  if (program == "auto-round-rtn") return Recipe::kRtn;
  if (program == "auto-round-opt-rtn") return Recipe::kOptRtn;
  return Recipe::kDefault;
}

}  // namespace ar::host
