#pragma once

#include "core/engine/plan.hpp"

namespace ar::engine {

/// A scheme that names a format ("GGUF:Q4_0") is written in that format, with "fake" beside it when asked for
/// (formats.md 1.1). Changes the list of formats and says so.
void follow_scheme(RunOptions& options);

/// Opens the formats, refuses what cannot stand together or cannot store the scheme, and lets them choose schemes.
void plan_outputs(Plan& plan, plugin::Registry& registry);

/// Once every layer has its scheme: what each format will write, and where.
void name_outputs(Plan& plan, plugin::Registry& registry);

}  // namespace ar::engine
