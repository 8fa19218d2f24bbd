#pragma once

#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::host {

/// `auto-round convert MODEL`: the codes of a quantized model in another layout.
int cmd_convert(const std::vector<std::string>& args, plugin::SearchOptions search);

}  // namespace ar::host
