#include "core/tune/state_quantizer.hpp"

#include <ATen/ops/maximum.h>

#include "core/quant/fp8_states.hpp"

namespace ar::tune {

StateQuantizer::StateQuantizer(quant::StaticStates wanted, std::vector<AttentionSpec> attentions, at::ScalarType dtype)
    : wanted_(std::move(wanted)), attentions_(std::move(attentions)), dtype_(dtype), seen_(attentions_.size()) {}

at::Tensor StateQuantizer::look(const at::Tensor& states, at::Tensor& seen) {
  at::Tensor max = quant::state_max(states, wanted_.granularity).to(dtype_).to(at::kFloat);
  const std::lock_guard<std::mutex> lock(mutex_);
  seen = seen.defined() ? at::maximum(seen, max) : max;
  return max;
}

AttentionStates StateQuantizer::pass(int64_t id, const AttentionStates& states) {
  Seen& seen = seen_.at(static_cast<std::size_t>(id));
  if (wanted_.queries()) look(states.query, seen.query);
  return {states.query, quant::quantize_states_with_gradient(states.key, look(states.key, seen.key)),
          quant::quantize_states_with_gradient(states.value, look(states.value, seen.value))};
}

void StateQuantizer::restart_cache() {
  for (Seen& seen : seen_) seen.key = seen.value = at::Tensor();
}

std::vector<std::pair<std::string, at::Tensor>> StateQuantizer::scales() const {
  std::vector<std::pair<std::string, at::Tensor>> scales;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const auto add = [&](const char* name, const at::Tensor& max) {
      if (max.defined()) scales.emplace_back(attentions_[i].name + name, quant::state_scale(max));
    };
    add(".k_scale", seen_[i].key);
    add(".v_scale", seen_[i].value);
    add(".q_scale", seen_[i].query);
  }
  return scales;
}

}  // namespace ar::tune
