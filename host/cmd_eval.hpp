#pragma once

#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::host {

/// `auto-round eval MODEL --ppl FILE [--ref MODEL] [--seqlen N] [--windows N]`; args are what follows "eval". Prints
/// one line on stdout. Returns the exit status.
int cmd_eval(const std::vector<std::string>& args, plugin::SearchOptions search);

}  // namespace ar::host
