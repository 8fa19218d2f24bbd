#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/plugin/builtin_plugins.hpp"
#include "core/plugin/registry.hpp"

namespace ar::test {

/// One registry for all tests of a program; the plugins of this build.
inline plugin::Registry& registry() {
  static plugin::Registry& all = [&]() -> plugin::Registry& {
    plugin::SearchOptions search = plugin::default_search_options();
    search.env_path.reset();
    search.install_dir = std::string(AR_BINARY_DIR) + "/lib/auto-round/plugins";
    search.builtins = plugin::builtin_plugins();
    return plugin::Registry::make(search);
  }();
  return all;
}

/// Folder of tiny models with expected outputs: the full set when it is there, else the tree's selection.
inline std::filesystem::path golden_models() {
  const std::filesystem::path shared = std::filesystem::path(AR_SHARED_DIR) / "golden/models";
  return !std::string(AR_SHARED_DIR).empty() && std::filesystem::exists(shared)
             ? shared
             : std::filesystem::path(AR_SOURCE_DIR) / "tests/golden/models";
}

/// The bundled model.
inline std::filesystem::path tiny_stories() {
  return std::filesystem::path(AR_SOURCE_DIR) / "examples/tinystories-656k";
}

}  // namespace ar::test
