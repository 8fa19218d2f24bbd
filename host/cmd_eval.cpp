#include "host/cmd_eval.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <utility>

#include "core/base/log.hpp"
#include "core/engine/evaluate.hpp"
#include "core/plugin/registry.hpp"
#include "core/tensor/parallel.hpp"
#include "host/arg_parser.hpp"
#include "host/quantize_request.hpp"

namespace ar::host {
namespace {

/// Upstream's options for evaluation tasks: known, so that the message can say what is missing.
const std::vector<OptionSpec>& task_options() {
  static const std::vector<OptionSpec> specs = {{"tasks task", Arity::kAtMostOne},
                                                {"eval_bs batch_size bs", Arity::kOne},
                                                {"eval_backend", Arity::kOne},
                                                {"vllm_args", Arity::kOne},
                                                {"limit", Arity::kOne},
                                                {"eval_model_dtype", Arity::kOne},
                                                {"num_fewshot", Arity::kOne},
                                                {"eval_gen_kwargs", Arity::kOne},
                                                {"eval_task_by_task"},
                                                {"fewshot_as_multiturn"},
                                                {"add_bos_token"},
                                                {"mllm"}};
  return specs;
}

std::vector<OptionSpec> options() {
  std::vector<OptionSpec> specs = {{"model model_name model_name_or_path", Arity::kOne, ValueType::kText, "DIR"},
                                   {"ppl", Arity::kOne, ValueType::kText, "FILE"},
                                   {"ref", Arity::kOne, ValueType::kText, "DIR"},
                                   {"tokenizer", Arity::kOne, ValueType::kText, "DIR"},
                                   {"activations", Arity::kOne, ValueType::kText, "HOW"},
                                   {"seqlen seq_len", Arity::kOne, ValueType::kInt, "N"},
                                   {"windows", Arity::kOne, ValueType::kInt, "N"},
                                   {"skip", Arity::kOne, ValueType::kInt, "N"},
                                   {"device_map device devices", Arity::kOne, ValueType::kText, "DEVICE"},
                                   {"plugin_dir", Arity::kOne, ValueType::kText, "DIR"},
                                   {"no_default_plugins"}};
  specs.insert(specs.end(), task_options().begin(), task_options().end());
  return specs;
}

void refuse_tasks(const Arguments& arguments) {
  for (const OptionSpec& spec : task_options()) {
    if (!arguments.has(split_names(spec).front())) continue;
    base::refuse("{}: evaluation tasks are not in this version; `auto-round eval MODEL --ppl FILE` measures perplexity",
                 display_name(spec));
  }
}

/// Evaluation runs on the CPU; upstream's spellings that mean it on a machine without accelerators are accepted.
void check_device(const std::string& device) {
  const bool index =
      !device.empty() && std::all_of(device.begin(), device.end(), [](unsigned char c) { return std::isdigit(c); });
  if (device == "cpu" || device == "auto" || index) return;
  base::refuse("--device_map {}: evaluation runs on cpu; accepted are cpu, auto and an index", device);
}

}  // namespace

int cmd_eval(const std::vector<std::string>& args, plugin::SearchOptions search) {
  const Arguments arguments = Arguments::parse(options(), args, 1);
  refuse_tasks(arguments);
  const auto model = arguments.positionals().empty() ? arguments.text("model") : arguments.positionals().front();
  const auto text = arguments.text("ppl");
  if (!model) usage_error("eval: a model folder is required");
  if (!text) usage_error("eval: --ppl FILE is required; evaluation tasks are not in this version");
  check_device(arguments.text("device_map").value_or("cpu"));

  engine::EvaluateOptions o;
  o.model = *model;
  o.text = *text;
  if (const auto reference = arguments.text("ref")) o.reference = *reference;
  if (const auto tokenizer = arguments.text("tokenizer")) o.tokenizer = *tokenizer;
  o.activations = chosen_activations(arguments);
  o.seqlen = arguments.integer("seqlen").value_or(o.seqlen);
  o.windows = arguments.integer("windows").value_or(o.windows);
  o.skip = arguments.integer("skip").value_or(o.skip);
  apply_plugin_options(arguments, search);

  const tensor::ThreadControl threads;
  const engine::Evaluation result =
      engine::evaluate(plugin::Registry::make(std::move(search)), o,
                       [](std::int64_t done, std::int64_t total) { base::debug("block {} of {} done", done, total); });
  std::printf("%s\n", engine::describe(result).c_str());
  return 0;
}

}  // namespace ar::host
