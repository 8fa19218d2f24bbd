// bin/auto-round: everything that needs no model. It links no LibTorch, which would cost a third of a second to load.
#include <cstdio>

#include "core/plugin/builtin_plugins.hpp"
#include "host/cmd_help.hpp"
#include "host/cmd_inspect.hpp"
#include "host/cmd_list.hpp"
#include "host/cmd_quantize.hpp"
#include "host/cmd_tokenize.hpp"
#include "host/launch.hpp"
#include "host/list_algorithms.hpp"
#include "host/program.hpp"

namespace ar::host {
namespace {

plugin::SearchOptions light_search() {
  auto search = plugin::default_search_options();
  search.builtins = plugin::builtin_plugins();
  search.torch_allowed = false;
  return search;
}

int dispatch(const Invocation& call, const std::vector<std::string>& argv) {
  if (call.command == Command::kHelp) return cmd_help(call);
  if (call.command != Command::kQuantize && asks_for_help(call.args)) {
    std::fputs(help_text(call.program, call.command).c_str(), stdout);
    return 0;
  }
  if (call.command == Command::kList) {
    if (!call.args.empty() && names_algorithms(call.args.front()))
      return list_algorithms({call.args.begin() + 1, call.args.end()});
    return cmd_list(call.args, light_search());
  }
  if (call.command == Command::kTokenize) return cmd_tokenize(call.args);
  if (call.command == Command::kInspect) return cmd_inspect(call.args, light_search());
  if (call.command == Command::kQuantize && !check_quantize(call, light_search())) return 0;
  launch_engine(argv);
}

}  // namespace
}  // namespace ar::host

int main(int argc, char** argv) { return ar::host::run_program(argc, argv, ar::host::dispatch); }
