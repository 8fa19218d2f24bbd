#pragma once

#include <string>

#include "host/route.hpp"

namespace ar::host {

/// Two lines for stderr, before the message of a wrong command line.
std::string usage_text(const std::string& program, Command command);

/// What `-h` prints on stdout.
std::string help_text(const std::string& program, Command command);

/// `auto-round help [COMMAND]`. Returns the exit status.
int cmd_help(const Invocation& call);

}  // namespace ar::host
