// libexec/auto-round-engine: the commands that run a model. Started by bin/auto-round with the user's own argv.
#include "core/base/error.hpp"
#include "core/plugin/builtin_plugins.hpp"
#include "host/cmd_convert.hpp"
#include "host/cmd_eval.hpp"
#include "host/cmd_forward.hpp"
#include "host/cmd_quantize.hpp"
#include "host/program.hpp"

namespace ar::host {
namespace {

plugin::SearchOptions engine_search() {
  auto search = plugin::default_search_options();
  search.builtins = plugin::builtin_plugins();
  return search;
}

int dispatch(const Invocation& call, const std::vector<std::string>&) {
  switch (call.command) {
    case Command::kQuantize: return cmd_quantize(call, engine_search());
    case Command::kEval: return cmd_eval(call.args, engine_search());
    case Command::kForward: return cmd_forward(call.args, engine_search());
    case Command::kConvert: return cmd_convert(call.args, engine_search());
    default:
      base::refuse("{}: this is the part of the program that runs models; call auto-round", command_name(call.command));
  }
}

}  // namespace
}  // namespace ar::host

int main(int argc, char** argv) { return ar::host::run_program(argc, argv, ar::host::dispatch); }
