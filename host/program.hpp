#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/route.hpp"

namespace ar::host {

/// What one of the two executables does with a call; returns the exit status or throws.
using Dispatch = std::function<int(const Invocation& call, const std::vector<std::string>& argv)>;

/// The body of main(): opens the log, dispatches, and turns what is thrown into a line and an exit status.
int run_program(int argc, char** argv, const Dispatch& dispatch);

/// -h or --help among the arguments, before a "--".
bool asks_for_help(const std::vector<std::string>& args);

}  // namespace ar::host
