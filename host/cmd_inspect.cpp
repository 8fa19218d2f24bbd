#include "host/cmd_inspect.hpp"

#include <cstdio>
#include <utility>

#include <boost/json/serialize.hpp>

#include "core/engine/inspect.hpp"
#include "host/arg_parser.hpp"
#include "host/inspect_text.hpp"

namespace ar::host {

int cmd_inspect(const std::vector<std::string>& args, plugin::SearchOptions search) {
  static const std::vector<OptionSpec> specs = {
      {"json"}, {"plugin_dir", Arity::kOne, ValueType::kText, "DIR"}, {"no_default_plugins"}};
  const Arguments arguments = Arguments::parse(specs, args, 1);
  if (arguments.positionals().empty()) usage_error("inspect: a model folder or file is required");
  const auto& dirs = arguments.all_values("plugin_dir");
  search.dirs.insert(search.dirs.end(), dirs.begin(), dirs.end());
  if (arguments.flag("no_default_plugins")) search.defaults = false;
  const auto found = engine::inspect(plugin::Registry::make(std::move(search)), arguments.positionals().front());
  const std::string text = arguments.flag("json") ? boost::json::serialize(inspection_json(found)) + "\n"
                                                  : inspection_text(found);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace ar::host
