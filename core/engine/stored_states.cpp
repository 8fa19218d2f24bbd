#include "core/engine/stored_states.hpp"

#include <fmt/ranges.h>

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

constexpr const char* kQuery = ".q_scale";
constexpr const char* kKey = ".k_scale";
constexpr const char* kValue = ".v_scale";

at::Tensor read_scale(const ModelSource& source, const std::string& name, int64_t heads) {
  if (!source.contains(name)) return {};
  const at::Tensor stored = source.tensor(name);
  if (!at::isFloatingType(stored.scalar_type()) || (stored.numel() != 1 && stored.numel() != heads)) {
    base::fail("{}: tensor {} is {} [{}]; scales of attention are one number, or one a head ({})",
               source.place(name).string(), name, source.info(name).dtype,
               fmt::join(source.info(name).shape, ", "), heads);
  }
  return stored.to(at::kFloat).reshape({-1}).contiguous();
}

}  // namespace

StoredStates read_states(const ModelSource& source, const AttentionSpec& attention) {
  return {read_scale(source, attention.name + kQuery, attention.heads),
          read_scale(source, attention.name + kKey, attention.kv_heads),
          read_scale(source, attention.name + kValue, attention.kv_heads)};
}

std::vector<std::string> state_tensors(const ModelSource& source, const AttentionSpec& attention) {
  std::vector<std::string> names;
  for (const char* end : {kKey, kValue, kQuery}) {
    if (source.contains(attention.name + end)) names.push_back(attention.name + end);
  }
  return names;
}

std::vector<std::string> state_tensors(const ModelSource& source, const ModelSpec& spec) {
  std::vector<std::string> names;
  for (const BlockSpec& block : spec.blocks) {
    for (const AttentionSpec& attention : block.attentions) {
      for (std::string& name : state_tensors(source, attention)) names.push_back(std::move(name));
    }
  }
  return names;
}

quant::StaticStates stored_states(const ModelSource& source, const ModelSpec& spec) {
  quant::StaticStates states;
  for (const BlockSpec& block : spec.blocks) {
    for (const AttentionSpec& attention : block.attentions) {
      const StoredStates stored = read_states(source, attention);
      if (stored.query.defined()) states.attention_dtype = "fp8";
      for (const at::Tensor& scale : {stored.query, stored.key, stored.value}) {
        if (scale.defined() && scale.numel() > 1) states.granularity = quant::Granularity::kHead;
      }
      if (stored.key.defined() && states.attention_dtype.empty()) states.kv_dtype = "fp8";
    }
  }
  return states;
}

}  // namespace ar::engine
