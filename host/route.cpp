#include "host/route.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ar::host {
namespace {

constexpr std::array<std::pair<std::string_view, Command>, 8> kCommands = {{{"quantize", Command::kQuantize},
                                                                            {"list", Command::kList},
                                                                            {"eval", Command::kEval},
                                                                            {"help", Command::kHelp},
                                                                            {"forward", Command::kForward},
                                                                            {"tokenize", Command::kTokenize},
                                                                            {"inspect", Command::kInspect},
                                                                            {"convert", Command::kConvert}}};

bool take(std::vector<std::string>& args, std::string_view token) {
  const auto end = std::remove(args.begin(), args.end(), token);
  const bool found = end != args.end();
  args.erase(end, args.end());
  return found;
}

}  // namespace

const char* command_name(Command command) {
  for (const auto& [name, value] : kCommands) {
    if (value == command) return name.data();
  }
  return "";
}

// A command is the first word only, so that a model folder may be called "eval"; --list and --eval stand anywhere.
Invocation route(const std::vector<std::string>& argv) {
  Invocation call;
  call.program = program_name(argv.empty() ? "" : argv.front());
  call.recipe = recipe_of(call.program);
  if (argv.size() > 1) call.args.assign(argv.begin() + 1, argv.end());
  if (call.program == "auto-round-eval") call.command = Command::kEval;
  for (const auto& [name, command] : kCommands) {
    if (call.args.empty() || call.args.front() != name) continue;
    call.command = command;
    call.args.erase(call.args.begin());
    return call;
  }
  if (take(call.args, "--list"))
    call.command = Command::kList;
  else if (take(call.args, "--eval"))
    call.command = Command::kEval;
  return call;
}

}  // namespace ar::host
