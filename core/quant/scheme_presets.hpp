#pragma once

#include <string>
#include <vector>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// A row of the table of presets. What is unset is derived when the preset is resolved.
struct Preset : SchemeOverride {
  std::string name;
};

const std::vector<Preset>& presets();

}  // namespace ar::quant
