// libexec/auto-round-engine: the commands that run a model. Started by bin/auto-round with the user's own argv.
#include "core/base/error.hpp"
#include "core/plugin/builtin_plugins.hpp"
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
    default: break;
  }
  base::refuse("{}: run bin/auto-round", command_name(call.command));
}

}  // namespace
}  // namespace ar::host

int main(int argc, char** argv) { return ar::host::run_program(argc, argv, ar::host::dispatch); }
