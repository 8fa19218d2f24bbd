#pragma once

#include "core/plugin/search_path.hpp"
#include "host/route.hpp"

namespace ar::host {

struct QuantizeRequest;

/// Everything about a `quantize` call that can be refused without LibTorch: the command line, names of formats and
/// schemes. Prints the help and returns false when that was asked for. Throws UsageError or base::Error.
bool check_quantize(const Invocation& call, plugin::SearchOptions search);

/// Runs it. Returns the exit status.
int cmd_quantize(const Invocation& call, plugin::SearchOptions search);

/// Runs what was asked for, with the progress line and interrupts of a quantize run. `convert` is such a run too.
void run_request(const QuantizeRequest& request, plugin::SearchOptions search);

}  // namespace ar::host
