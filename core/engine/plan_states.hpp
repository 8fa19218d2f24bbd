#pragma once

#include "core/engine/plan.hpp"

namespace ar::engine {

/// Which scales of attention's states the run stores: those asked for, or those a conversion finds. Refuses a request
/// that the model or the scheme leaves nothing to do for.
void plan_states(Plan& plan);

}  // namespace ar::engine
