#pragma once

#include "core/base/log.hpp"

namespace ar::host {

/// AR_LOG_LEVEL; INFO when unset. Refuses an unknown name.
base::Level log_level_from_environment();

/// One warning for every upstream variable that is set and that this version does not act on (docs/environment.md).
void warn_unused_environment();

/// AR_SEARCH_SCALE_RATIO, a number above 0 and below 1; 0.75 when unset. Refuses anything else.
double search_ratio_from_environment();

}  // namespace ar::host
