#include "host/cmd_list.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/registry.hpp"
#include "host/arg_parser.hpp"
#include "host/list_rows.hpp"
#include "host/support_matrix.hpp"
#include "host/table.hpp"

namespace ar::host {
namespace {

struct Item {
  const char* name;
  std::vector<ar_kind> kinds;  // what is looked at
};

const std::vector<Item>& items() {
  static const std::vector<Item> all = {{"formats", {AR_KIND_FORMAT}},
                                        {"devices", {AR_KIND_DEVICE}},
                                        {"models", {AR_KIND_MODEL}},
                                        {"schemes", {AR_KIND_FORMAT}},
                                        {"plugins", {AR_KIND_FORMAT, AR_KIND_DEVICE, AR_KIND_MODEL}}};
  return all;
}

const Item& find_item(const std::vector<std::string>& positionals) {
  const std::string wanted = positionals.empty() ? "" : positionals.front();
  for (const Item& item : items()) {
    const std::string plural = item.name;
    if (wanted == plural || wanted + "s" == plural) return item;
  }
  base::refuse("list{}{}: accepted are formats, devices, models, schemes, plugins and alg", wanted.empty() ? "" : " ",
               wanted);
}

Arguments parse(const std::vector<std::string>& args) {
  static const std::vector<OptionSpec> specs = {
      {"json"}, {"verbose"}, {"strict"}, {"plugin_dir", Arity::kOne, ValueType::kText, "DIR"}, {"no_default_plugins"}};
  return Arguments::parse(specs, args, 1);
}

std::string availability(plugin::Registry& registry, const plugin::Row& row) {
  if (row.kind != AR_KIND_DEVICE) return "";
  if (row.state == plugin::State::kDescribed) return "not asked: that would load LibTorch";
  if (row.state != plugin::State::kUsable) return "";
  ar_error err{};
  if (registry.device(row.id).api.probe(&err) == AR_OK) return "available";
  return err.text[0] == '\0' ? "not usable, without a reason" : err.text;
}

std::vector<PluginRow> rows_of(plugin::Registry& registry, const Item& item) {
  std::vector<PluginRow> rows;
  for (const ar_kind kind : item.kinds) {
    for (auto& row : registry.list(kind)) {
      const std::string word = availability(registry, row);
      rows.push_back({std::move(row), word});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const PluginRow& a, const PluginRow& b) { return a.plugin.id < b.plugin.id; });
  return rows;
}

std::vector<FormatEntry> entries_of(const std::vector<PluginRow>& rows) {
  std::vector<plugin::Row> formats;
  for (const PluginRow& row : rows) formats.push_back(row.plugin);
  return format_entries(formats);
}

/// Presets are all named here, so what is said about one of them (a deprecated name) is no news.
std::string render_schemes(bool json, const std::vector<FormatEntry>& entries, plugin::Registry& registry) {
  base::set_log_level(std::max(base::log_level(), base::Level::kError));
  const Accepts accepts = [&](const std::string& format, const ar_scheme& scheme) {
    return registry.format(format).api.check(format.c_str(), &scheme, nullptr) == AR_OK;
  };
  return json ? json_lines(scheme_json(entries, accepts)) : scheme_table(entries, accepts);
}

std::string render(const Item& item, const Arguments& options, const std::vector<PluginRow>& rows,
                   plugin::Registry& registry) {
  const std::string name = item.name;
  const bool verbose = options.flag("verbose");
  const bool json = options.flag("json");
  if (name == "schemes") return render_schemes(json, entries_of(rows), registry);
  if (json) return json_lines(plugin_json(rows, registry.places(), verbose));
  if (name == "formats" && !verbose) return support_matrix(entries_of(rows), ::isatty(STDOUT_FILENO) == 1);
  return plugin_table(rows, registry.places(), verbose);
}

}  // namespace

int cmd_list(const std::vector<std::string>& args, const plugin::SearchOptions& search) {
  const Arguments options = parse(args);
  const Item& item = find_item(options.positionals());
  plugin::SearchOptions places = search;
  places.torch_allowed = false;
  const auto& dirs = options.all_values("plugin_dir");
  places.dirs.insert(places.dirs.end(), dirs.begin(), dirs.end());
  if (options.flag("no_default_plugins")) places.defaults = false;

  plugin::Registry& registry = plugin::Registry::make(places);
  const auto rows = rows_of(registry, item);
  std::fputs(render(item, options, rows, registry).c_str(), stdout);
  const bool broken = std::any_of(rows.begin(), rows.end(),
                                  [](const PluginRow& r) { return r.plugin.state == plugin::State::kBroken; });
  return options.flag("strict") && broken ? static_cast<int>(base::Exit::kFailed) : 0;
}

}  // namespace ar::host
