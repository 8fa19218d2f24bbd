#include "host/cmd_convert.hpp"

#include <utility>

#include "host/arg_parser.hpp"
#include "host/cmd_quantize.hpp"
#include "host/option_table.hpp"
#include "host/quantize_request.hpp"

namespace ar::host {
namespace {

const std::vector<OptionSpec>& options() {
  static const std::vector<OptionSpec> specs = {
      {"model model_name model_name_or_path", Arity::kOne, ValueType::kText, "DIR"},
      {"format formats", Arity::kOne, ValueType::kText, "NAME"},
      {"output_dir", Arity::kOne, ValueType::kText, "DIR"},
      {"plugin_dir", Arity::kOne, ValueType::kText, "DIR"},
      {"no_default_plugins"}};
  return specs;
}

}  // namespace

int cmd_convert(const std::vector<std::string>& args, plugin::SearchOptions search) {
  const Arguments arguments = Arguments::parse(options(), args, 1);
  const auto model = arguments.positionals().empty() ? arguments.text("model") : arguments.positionals().front();
  if (!model) usage_error("convert: the folder of a quantized model is required");
  // Values of options are read as `quantize` reads them; nothing is tuned or rounded.
  std::vector<std::string> words = {"--model", *model, "--iters", "0", "--disable_opt_rtn"};
  for (const char* name : {"format", "output_dir"}) {
    if (const auto value = arguments.text(name)) words.insert(words.end(), {std::string("--") + name, *value});
  }
  QuantizeRequest request = read_quantize(Arguments::parse(specs_of(quantize_options()), words, 0), Recipe::kDefault);
  request.run.convert = true;
  apply_plugin_options(arguments, search);
  run_request(request, std::move(search));
  return 0;
}

}  // namespace ar::host
