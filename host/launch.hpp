#pragma once

#include <string>
#include <vector>

namespace ar::host {

/// Replaces this process by libexec/auto-round-engine, the program that links LibTorch, with the same argv: argv[0]
/// included, so the recipe survives. Comes back only by throwing.
[[noreturn]] void launch_engine(const std::vector<std::string>& argv);

}  // namespace ar::host
