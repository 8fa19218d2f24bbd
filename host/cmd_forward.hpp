#pragma once

#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::host {

/// `auto-round forward MODEL --inputs FILE --outputs FILE`; args are what follows "forward". Returns the exit status.
int cmd_forward(const std::vector<std::string>& args, plugin::SearchOptions search);

}  // namespace ar::host
