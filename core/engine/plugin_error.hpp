#pragma once

#include "ar/abi.h"
#include "core/base/error.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// Throws base::Error for a failed call into a plugin: the plugin's text, with `subject` (a flag, layer or file) before
/// it. A failure without a text is reported as a bug in that plugin. AR_CANCELLED ends the run as an interrupt does.
template <typename Api>
void require_ok(ar_status status, const ar_error& err, const plugin::Opened<Api>& plugin, const std::string& subject,
                base::Exit exit = base::Exit::kFailed) {
  if (status == AR_OK) return;
  if (status == AR_CANCELLED) throw base::Error(base::Exit::kInterrupted, "interrupted");
  if (err.text[0] == '\0') {
    throw base::Error(
        exit, fmt::format("{}: plugin '{}' ({}) failed with status {} and said nothing: a bug in that plugin", subject,
                          plugin.desc->id, plugin.origin, status));
  }
  throw base::Error(exit, fmt::format("{}: {}", subject, err.text));
}

}  // namespace ar::engine
