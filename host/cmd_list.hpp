#pragma once

#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

// Two executables make the program, because `list` must not pay for LibTorch (a third of a second at load):
//   bin/auto-round             links ar_plugin_host only; does list, help and tokenize itself and hands everything else
//                              to launch_engine() (host/launch.hpp), which execs
//   libexec/auto-round-engine  with the same argv, argv[0] included, so the recipe name survives.
// ../lib/auto-round/plugins is right from both places.

namespace ar::host {

/// `auto-round list ITEM [--json] [--verbose] [--strict]`; args are what follows "list".
/// Prints to stdout; returns the exit status. Throws base::Error for a bad item or option.
int cmd_list(const std::vector<std::string>& args, const plugin::SearchOptions& search);

}  // namespace ar::host
