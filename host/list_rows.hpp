#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "core/plugin/registry.hpp"
#include "host/support_matrix.hpp"

namespace ar::host {

/// What `list` knows of a plugin, with a device's own word on whether it can be used here.
struct PluginRow {
  plugin::Row plugin;
  std::string availability;  // devices: "available", or the reason; "" for other kinds
};

std::string plugin_table(const std::vector<PluginRow>& rows, const std::vector<plugin::Place>& places, bool verbose);
boost::json::array plugin_json(const std::vector<PluginRow>& rows, const std::vector<plugin::Place>& places,
                               bool verbose);

/// Whether a format stores a scheme under this name: the plugin's own `check`.
using Accepts = std::function<bool(const std::string& format, const ar_scheme& scheme)>;

/// The presets, with the formats that store them.
std::string scheme_table(const std::vector<FormatEntry>& formats, const Accepts& accepts);
boost::json::array scheme_json(const std::vector<FormatEntry>& formats, const Accepts& accepts);

}  // namespace ar::host
