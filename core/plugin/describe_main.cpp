// ar-plugin-describe FILE | ar-plugin-describe KIND ID
// Prints the sidecar of a plugin file, or of a linked-in plugin. A tool of the build: unlike `list` it opens the
// plugin.

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/plugin/builtin_plugins.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/registry.hpp"
#include "core/plugin/sidecar.hpp"

namespace {

const ar_plugin_desc* linked_in(const std::string& kind, const std::string& id) {
  for (const auto& builtin : ar::plugin::builtin_plugins()) {
    if (kind == ar::plugin::kind_name(builtin.kind) && id == builtin.id) return builtin.entry();
  }
  throw std::runtime_error("there is no linked-in " + kind + " '" + id + "'");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2 && argc != 3) throw std::runtime_error("usage: ar-plugin-describe FILE | KIND ID");
    const auto* desc =
        argc == 3 ? linked_in(argv[1], argv[2]) : ar::plugin::open_library(std::filesystem::absolute(argv[1]).string());
    const std::string text = to_json(ar::plugin::describe(*desc));
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ar-plugin-describe: %s: %s\n", argc > 1 ? argv[1] : "", e.what());
    return 1;
  }
}
