#include "core/engine/plan_outputs.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/format_client.hpp"
#include "core/engine/output_name.hpp"
#include "core/quant/scheme_recipe.hpp"

namespace ar::engine {
namespace {

bool chooses_schemes(const PlannedOutput& output) { return output.plugin->api.choose_schemes != nullptr; }

/// Formats that choose schemes themselves leave no room for another one; "fake" shows what they did.
void check_combination(const Plan& plan) {
  const auto chooser = std::find_if(plan.outputs.begin(), plan.outputs.end(), chooses_schemes);
  if (chooser == plan.outputs.end()) return;
  if (!quant::recipe(plan.options.scheme).empty()) {
    base::refuse("--scheme {} with --format {}: both choose the bits of every layer; leave one of them out",
                 plan.options.scheme, chooser->format);
  }
  for (const PlannedOutput& other : plan.outputs) {
    if (&other == &*chooser || other.format == "fake") continue;
    base::refuse("--format {}: {} chooses the type of every tensor and can stand beside fake only, not {}",
                 fmt::join(plan.options.formats, ","), chooser->format, other.format);
  }
}

/// The formats themselves refuse options that they do not know.
void check_options(const Plan& plan) {
  for (const auto& [id, options] : plan.options.format_options) {
    const auto takes = [id = id](const PlannedOutput& output) { return output.plugin->desc->id == id; };
    if (std::any_of(plan.outputs.begin(), plan.outputs.end(), takes)) continue;
    base::refuse("--format_option {}.{}: no output of --format {} is written by {}", id, options.begin()->first,
                 fmt::join(plan.options.formats, ","), id);
  }
}

/// Only types that formats choose have arithmetic of their own for it (data_types.md 9.2).
void check_model_free(const Plan& plan) {
  if (!plan.options.model_free) return;
  for (const PlannedOutput& output : plan.outputs) {
    if (chooses_schemes(output)) continue;
    base::refuse(
        "--model_free with --format {}: only GGUF formats have it; `--iters 0 --disable_opt_rtn` runs no model either, "
        "and gives upstream's codes",
        output.format);
  }
}

/// Activations that no kernel of the format's loaders takes: the values are kept, quantized and dequantized.
void fall_back_to_fake(Plan& plan, PlannedOutput& output, plugin::Registry& registry) {
  base::warning("--format {}: its loaders do not run scheme {}; saved as fake instead", output.format,
                plan.options.scheme);
  output.plugin = &registry.format("fake");
  output.format = "fake";
  resolve_format(*output.plugin, output.format, plan_json(plan, output));  // it may have its own reasons to refuse
}

}  // namespace

void follow_scheme(RunOptions& options) {
  const auto colon = options.scheme.find(':');
  if (colon == std::string::npos) return;
  std::string named = options.scheme;
  std::transform(named.begin(), named.end(), named.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string family = named.substr(0, colon + 1);
  auto& formats = options.formats;
  const auto same_family = [&](const std::string& f) { return f.rfind(family, 0) == 0; };
  if (std::any_of(formats.begin(), formats.end(), same_family)) {
    if (std::find(formats.begin(), formats.end(), named) == formats.end())
      base::warning("--scheme {} with --format {}: the format decides", options.scheme, fmt::join(formats, ","));
    return;
  }
  const bool fake = std::find(formats.begin(), formats.end(), "fake") != formats.end();
  formats = fake ? std::vector<std::string>{"fake", named} : std::vector<std::string>{named};
  base::info("--scheme {}: the format is {}", options.scheme, named);
}

void plan_outputs(Plan& plan, plugin::Registry& registry) {
  for (const std::string& format : plan.options.formats) {
    plan.outputs.push_back({format, format, {}, &registry.format(format)});
  }
  check_combination(plan);
  check_options(plan);
  check_model_free(plan);
  apply_format_schemes(plan);
  for (const PlannedOutput& output : plan.outputs)
    check_format(*output.plugin, output.format, plan.scheme, "--format " + output.format);
}

void name_outputs(Plan& plan, plugin::Registry& registry) {
  for (PlannedOutput& output : plan.outputs) {
    for (const PlannedLayer& layer : plan.layers) {
      if (layer.quantized && layer.scheme != plan.scheme && !chooses_schemes(output))
        check_format(*output.plugin, output.format, layer.scheme, layer.spec.name);
    }
    output.backend = resolve_format(*output.plugin, output.format, plan_json(plan, output));
    if (output.backend == "fake" && output.format != "fake") fall_back_to_fake(plan, output, registry);
  }
  const std::filesystem::path folder = output_directory(plan.options, plan.scheme);
  for (PlannedOutput& output : plan.outputs) {
    output.folder = plan.outputs.size() == 1 ? folder : folder / format_folder_name(output.backend);
  }
}

}  // namespace ar::engine
