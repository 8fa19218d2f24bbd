#pragma once

#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::host {

/// `auto-round inspect PATH`: what a checkpoint holds, on stdout.
int cmd_inspect(const std::vector<std::string>& args, plugin::SearchOptions search);

}  // namespace ar::host
