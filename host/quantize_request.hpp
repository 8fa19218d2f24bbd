#pragma once

#include <string>
#include <vector>

#include "core/base/log.hpp"
#include "core/engine/options.hpp"
#include "core/plugin/search_path.hpp"
#include "host/arg_parser.hpp"
#include "host/option_reader.hpp"
#include "host/recipe.hpp"

namespace ar::host {

/// What a `quantize` command line asks for, and what is to be said about it once the log is open.
struct QuantizeRequest {
  struct Note {
    base::Level level;
    std::string text;
  };
  engine::RunOptions run;
  std::vector<Note> notes;
  std::vector<Setting> settings;  // AR_LOG_LEVEL=DEBUG lists them
};

/// Applies upstream's order of rules (docs/cli.md, "Cross-option rules") as far as neither model nor plugins are
/// needed. Throws UsageError for what argparse refuses and base::Error(kUsage) for the rest; nothing is opened or
/// written.
QuantizeRequest read_quantize(const Arguments& arguments, Recipe recipe);

/// Applies --plugin-dir and --no-default-plugins.
void apply_plugin_options(const Arguments& arguments, plugin::SearchOptions& search);

/// --activations of eval and forward; unset for "stored".
std::optional<std::string> chosen_activations(const Arguments& arguments);

}  // namespace ar::host
