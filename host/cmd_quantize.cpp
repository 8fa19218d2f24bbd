#include "host/cmd_quantize.hpp"

#include <csignal>
#include <utility>

#include "core/base/cancel.hpp"
#include "core/base/log.hpp"
#include "core/engine/pipeline.hpp"
#include "core/plugin/registry.hpp"
#include "host/environment.hpp"
#include "host/option_table.hpp"
#include "host/quantize_request.hpp"
#include "host/status_line.hpp"

namespace ar::host {
namespace {

/// The first interrupt ends the run at its next step, the second one at once.
void stop_on_interrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { base::request_cancel(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

engine::Callbacks show_progress() {
  engine::Callbacks callbacks;
  callbacks.on_unit = [](const std::string& name, std::int64_t index, std::int64_t total) {
    StatusLine::get().begin_unit(name, index, total);
  };
  callbacks.on_step = [](std::int64_t iteration, std::int64_t iters, double loss) {
    StatusLine::get().step(iteration, iters, loss);
  };
  callbacks.on_done = [] { StatusLine::get().end("Quantizing done"); };
  return callbacks;
}

void tell(const QuantizeRequest& request) {
  for (const auto& [name, value, source] : request.settings) base::debug("{}={} ({})", name, value, source);
  for (const auto& [level, text] : request.notes) {
    if (level == base::Level::kWarning)
      base::warning("{}", text);
    else
      base::info("{}", text);
  }
  warn_unused_environment();
}

}  // namespace

void run_request(const QuantizeRequest& request, plugin::SearchOptions search) {
  tell(request);
  stop_on_interrupt();
  engine::run_quantize(request.run, plugin::Registry::make(std::move(search)), show_progress());
}

int cmd_quantize(const Invocation& call, plugin::SearchOptions search) {
  const auto arguments = Arguments::parse(specs_of(quantize_options()), call.args, 1);
  auto request = read_quantize(arguments, call.recipe);
  request.run.search_ratio = search_ratio_from_environment();
  apply_plugin_options(arguments, search);
  run_request(request, std::move(search));
  return 0;
}

}  // namespace ar::host
