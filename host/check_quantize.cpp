#include <cstdio>

#include "core/base/log.hpp"
#include "core/plugin/registry.hpp"
#include "host/cmd_help.hpp"
#include "host/cmd_quantize.hpp"
#include "host/option_table.hpp"
#include "host/quantize_request.hpp"

namespace ar::host {
namespace {

/// Warnings are left to the engine, which sees the same arguments.
class Quiet {
 public:
  Quiet() { base::set_log_level(base::Level::kCritical); }
  ~Quiet() { base::set_log_level(before_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  base::Level before_ = base::log_level();
};

}  // namespace

bool check_quantize(const Invocation& call, plugin::SearchOptions search) {
  const Quiet quiet;
  const auto arguments = Arguments::parse(specs_of(quantize_options()), call.args, 1);
  if (arguments.help()) {
    std::fputs(help_text(call.program, Command::kQuantize).c_str(), stdout);
    return false;
  }
  const auto request = read_quantize(arguments, call.recipe);
  apply_plugin_options(arguments, search);
  auto& registry = plugin::Registry::make(std::move(search));
  for (const auto& format : request.run.formats) registry.format(format);
  return true;
}

}  // namespace ar::host
