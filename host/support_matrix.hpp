#pragma once

#include <string>
#include <vector>

#include "core/plugin/registry.hpp"

namespace ar::host {

/// A name that --format takes and the schemes it can store.
struct FormatEntry {
  std::string name;
  std::vector<std::string> schemes;  // {"*"}: all
  std::string reason;                // why the plugin is broken; "" = usable
};

/// Ids and aliases of the format plugins, sorted by code point; shadowed plugins are left out.
/// For "a:b" the schemes of "b" when that is a format too, else what "a" says about the whole name (ar/plugin.h).
std::vector<FormatEntry> format_entries(const std::vector<plugin::Row>& rows);

/// Upstream's text of `list format`.
std::string support_matrix(const std::vector<FormatEntry>& entries, bool colour);

}  // namespace ar::host
