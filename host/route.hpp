#pragma once

#include <string>
#include <vector>

#include "host/recipe.hpp"

namespace ar::host {

enum class Command { kQuantize, kList, kEval, kHelp, kForward, kTokenize, kInspect, kConvert };
const char* command_name(Command command);

/// A command line split into who is asked and what for (docs/cli.md, "Names and commands").
struct Invocation {
  std::string program;  // "auto-round-light"
  Recipe recipe = Recipe::kDefault;
  Command command = Command::kQuantize;
  std::vector<std::string> args;  // what follows the command
};

Invocation route(const std::vector<std::string>& argv);

}  // namespace ar::host
