#include "core/engine/plan_states.hpp"

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/model_source.hpp"
#include "core/engine/stored_states.hpp"

namespace ar::engine {
namespace {

/// The option to name in messages.
std::string asked(const quant::StaticStates& states) {
  return states.queries() ? "--static_attention_dtype " + states.attention_dtype
                          : "--static_kv_dtype " + states.kv_dtype;
}

void check(const Plan& plan) {
  const std::string option = asked(plan.options.static_states);
  for (const BlockSpec& block : plan.spec->blocks) {
    if (!block.attentions.empty()) continue;
    base::refuse(
        "{}: {} has no attention whose states could be quantized, says the model adapter; leave the option out", option,
        block.name);
  }
  if (plan.n_quantized() == 0) {
    base::refuse(
        "{}: no layer is quantized, and only the config of a quantized model announces the scales; choose another "
        "--scheme or leave the option out",
        option);
  }
}

}  // namespace

void plan_states(Plan& plan) {
  quant::StaticStates& states = plan.options.static_states;
  if (plan.options.convert) {
    states = stored_states(*plan.source, *plan.spec);
  } else if (states.any()) {
    check(plan);
  } else if (const auto stored = state_tensors(*plan.source, *plan.spec); !stored.empty()) {
    base::info(
        "scales of attention in the source ({}, ...) belong to its weights and are left out; --static_kv_dtype "
        "calibrates new ones",
        stored.front());
  }
}

}  // namespace ar::engine
