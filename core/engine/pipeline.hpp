#pragma once

#include "core/engine/callbacks.hpp"
#include "core/engine/options.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// One quantize run: plan, calibrate, block by block tune or round, pack, write, commit. Throws base::Error; an
/// interrupted run (core/base/cancel.hpp) ends with kInterrupted and leaves its partial files.
void run_quantize(const RunOptions& options, plugin::Registry& registry, const Callbacks& callbacks);

}  // namespace ar::engine
