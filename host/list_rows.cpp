#include "host/list_rows.hpp"

#include <fmt/ranges.h>
#include <boost/json/object.hpp>

#include "host/table.hpp"

namespace ar::host {
namespace json = boost::json;
using plugin::State;
namespace {

const char* state_name(State state) {
  switch (state) {
    case State::kUsable: return "usable";
    case State::kBroken: return "broken";
    case State::kShadowed: return "shadowed";
    case State::kDescribed: return "described";
  }
  return "?";
}

std::string joined(const std::vector<std::string>& values) {
  return values.empty() ? "-" : fmt::format("{}", fmt::join(values, ", "));
}

bool shown(const PluginRow& row, bool verbose) { return verbose || row.plugin.state != State::kShadowed; }

/// Capabilities that hold for the plugin as a whole; "NAME=..." is about one of its names.
std::vector<std::string> general(const std::vector<std::string>& capabilities) {
  std::vector<std::string> some;
  for (const std::string& c : capabilities) {
    if (c.find('=') == std::string::npos) some.push_back(c);
  }
  return some;
}

json::array to_array(const std::vector<std::string>& values) { return json::array(values.begin(), values.end()); }

json::object to_json(const PluginRow& row) {
  const plugin::Row& p = row.plugin;
  json::object object{{"kind", plugin::kind_name(p.kind)},
                      {"id", p.id},
                      {"aliases", to_array(p.aliases)},
                      {"title", p.title},
                      {"version", p.version},
                      {"sdk", p.sdk},
                      {"build_tag", p.build_tag},
                      {"capabilities", to_array(p.capabilities)},
                      {"state", state_name(p.state)},
                      {"reason", p.reason},
                      {"origin", p.origin}};
  if (p.kind == AR_KIND_DEVICE) object["availability"] = row.availability;
  return object;
}

}  // namespace

std::string plugin_table(const std::vector<PluginRow>& rows, const std::vector<plugin::Place>& places, bool verbose) {
  Table table({"ID", "KIND", "ALIASES", "VERSION", "SDK", "CAPABILITIES", "AVAILABILITY", "ORIGIN"});
  for (const PluginRow& row : rows) {
    if (!shown(row, verbose)) continue;
    const plugin::Row& p = row.plugin;
    if (p.state == State::kBroken || p.state == State::kShadowed) {
      table.add_note(p.id, fmt::format("{}: {} [{}]", state_name(p.state), p.reason, p.origin));
    } else if (!p.reason.empty()) {
      table.add_note(p.id, fmt::format("{} [{}]", p.reason, p.origin));
    } else {
      table.add({p.id, plugin::kind_name(p.kind), joined(p.aliases), p.version, p.sdk, joined(general(p.capabilities)),
                 row.availability.empty() ? "-" : row.availability, p.origin});
    }
  }
  std::string text = table.text();
  if (!verbose) return text;
  text += "\nSearched places:\n";
  for (const auto& place : places) text += "  " + describe(place) + "\n";
  return text;
}

json::array plugin_json(const std::vector<PluginRow>& rows, const std::vector<plugin::Place>& places, bool verbose) {
  json::array array;
  for (const PluginRow& row : rows) {
    if (shown(row, verbose)) array.push_back(to_json(row));
  }
  if (!verbose) return array;
  for (const auto& place : places) {
    array.push_back(json::object{{"kind", "place"},
                                 {"id", place.path},
                                 {"state", outcome_name(place.outcome)},
                                 {"reason", place.detail},
                                 {"origin", source_name(place.source)}});
  }
  return array;
}

}  // namespace ar::host
