#include "host/cmd_forward.hpp"

#include <utility>

#include "core/engine/forward.hpp"
#include "core/plugin/registry.hpp"
#include "core/tensor/parallel.hpp"
#include "host/arg_parser.hpp"
#include "host/quantize_request.hpp"

namespace ar::host {
namespace {

const std::vector<OptionSpec>& options() {
  static const std::vector<OptionSpec> specs = {
      {"model model_name model_name_or_path", Arity::kOne, ValueType::kText, "DIR"},
      {"inputs", Arity::kOne, ValueType::kText, "FILE"},
      {"outputs", Arity::kOne, ValueType::kText, "FILE"},
      {"activations", Arity::kOne, ValueType::kText, "HOW"},
      {"plugin_dir", Arity::kOne, ValueType::kText, "DIR"},
      {"no_default_plugins"}};
  return specs;
}

}  // namespace

int cmd_forward(const std::vector<std::string>& args, plugin::SearchOptions search) {
  const Arguments arguments = Arguments::parse(options(), args, 1);
  const auto model = arguments.positionals().empty() ? arguments.text("model") : arguments.positionals().front();
  const auto inputs = arguments.text("inputs");
  const auto outputs = arguments.text("outputs");
  if (!model) usage_error("forward: a model folder is required");
  if (!inputs) usage_error("forward: --inputs FILE is required");
  if (!outputs) usage_error("forward: --outputs FILE is required");
  apply_plugin_options(arguments, search);
  const tensor::ThreadControl threads;
  engine::forward(plugin::Registry::make(std::move(search)), *model, *inputs, *outputs, chosen_activations(arguments));
  return 0;
}

}  // namespace ar::host
