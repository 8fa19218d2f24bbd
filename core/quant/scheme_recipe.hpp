#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// One rule of a preset that treats layers by the part they play. A layer's name tells that, as in a --layer_config
/// pattern: nothing here knows a model.
struct RecipeRule {
  std::string contains;  // "": every layer
  std::string without;   // "": no exception
  SchemeOverride fields;

  bool fits(std::string_view layer) const;
};

/// The rules of a preset, of which the first that fits a layer counts; empty when it has one scheme for all
/// (data_types.md 1.3).
const std::vector<RecipeRule>& recipe(std::string_view preset);

}  // namespace ar::quant
