// Build tool: prints the sidecar file (sidecar.hpp) of a plugin.
// usage: ar-plugin-describe FILE | ar-plugin-describe KIND ID      the second for one that is linked in
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/plugin/builtin_plugins.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/registry.hpp"
#include "core/plugin/sidecar.hpp"

namespace {

const ar_plugin_desc* find(const std::vector<std::string>& args) {
  if (args.size() == 1) return ar::plugin::open_library(args[0]);
  for (const auto& builtin : ar::plugin::builtin_plugins()) {
    if (args.at(0) == ar::plugin::kind_name(builtin.kind) && args.at(1) == builtin.id) {
      return ar::plugin::call_entry(builtin.entry, builtin.id);
    }
  }
  throw std::invalid_argument("no " + args.at(0) + " '" + args.at(1) + "' is linked in");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::fputs(to_json(ar::plugin::describe(*find({argv + 1, argv + argc}))).c_str(), stdout);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ar-plugin-describe: %s\n", e.what());
    return 1;
  }
}
