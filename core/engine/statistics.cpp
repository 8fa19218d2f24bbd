#include "core/engine/statistics.hpp"

#include <algorithm>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/div.h>

#include "core/base/cancel.hpp"
#include "core/engine/siblings.hpp"
#include "core/quant/activation.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "core/tensor/parallel.hpp"
#include "core/tune/fixed_runner.hpp"
#include "core/tune/recording_runner.hpp"

namespace ar::engine {
namespace {

std::vector<tune::Recording> recordings(const Plan& plan, const LoadedStage& loaded) {
  std::vector<tune::Recording> wanted;
  for (const tune::StageLinear& linear : loaded.stage.linears) {
    tune::Recording r;
    r.dtype = plan.weight_dtype;
    if (linear.tuned) {
      r.max = quant::calibrated(linear.scheme);
      r.squares = linear.quantize.search && (plan.tunes() || plan.options.dataset_given);
    }
    wanted.push_back(r);
  }
  return wanted;
}

/// The global scale of NVFP4 types carries over to siblings as the least one; inputs of siblings are the same tensor,
/// so their ranges agree already unless an adapter feeds them apart.
bool has_global_scale(const tune::StageLinear& linear) {
  return linear.tuned && linear.scheme.data_type.rfind("nv_fp", 0) == 0;
}

}  // namespace

bool wants_statistics(const Plan& plan, const LoadedStage& loaded) {
  const auto wanted = recordings(plan, loaded);
  return std::any_of(wanted.begin(), wanted.end(), [](const tune::Recording& r) { return r.any(); });
}

void record_statistics(const Plan& plan, LoadedStage& loaded, const at::Tensor& stream, at::Tensor outputs) {
  const std::vector<tune::Recording> wanted = recordings(plan, loaded);
  // Ranges are stored: rounding between operations as in the model's own type gives transformers' to the last bit.
  const bool ranges = std::any_of(wanted.begin(), wanted.end(), [](const tune::Recording& r) { return r.max; });
  const at::ScalarType between = ranges ? plan.weight_dtype : at::kFloat;
  std::vector<std::vector<tune::InputStatistics>> seen(static_cast<std::size_t>(stream.size(0)));
  {
    std::vector<at::Tensor> parameters;
    for (const auto& parameter : loaded.stage.parameters) parameters.push_back(parameter.value.to(between));
    tune::FixedRunner original(loaded.stage, {}, {}, std::move(parameters));
    tensor::parallel_for(stream.size(0), [&](int64_t i) {
      base::throw_if_cancelled();
      at::NoGradGuard no_grad;
      tune::RecordingRunner runner(original, wanted);
      const at::Tensor output = loaded.stage.forward(stream.narrow(0, i, 1).to(plan.weight_dtype).to(between), runner);
      if (outputs.defined()) outputs.narrow(0, i, 1).copy_(output.to(plan.weight_dtype));
      seen[static_cast<std::size_t>(i)] = runner.statistics();
    });
  }
  for (std::size_t l = 0; l < wanted.size(); ++l) {
    if (!wanted[l].any()) continue;
    tune::InputStatistics sum;
    for (const auto& sample : seen) sum.merge(sample[l]);
    tune::StageLinear& linear = loaded.stage.linears[l];
    if (wanted[l].max) linear.act_max = sum.max;
    if (wanted[l].squares) linear.quantize.importance = at::div(sum.squares, static_cast<double>(stream.size(0)));
  }
}

void share_global_scales(LoadedStage& loaded) {
  std::vector<std::string> names;
  for (const tune::StageLinear& linear : loaded.stage.linears) names.push_back(linear.name);
  for (const auto& group : fused_siblings(names)) {
    auto& linears = loaded.stage.linears;
    if (!std::all_of(group.begin(), group.end(), [&](std::size_t i) { return has_global_scale(linears[i]); })) continue;
    float scale = std::numeric_limits<float>::max();
    float act_max = 0.0F;
    for (const std::size_t i : group) {
      scale = std::min(scale, quant::nv_global_scale(linears[i].weight));
      act_max = std::max(act_max, linears[i].act_max.value_or(0.0F));
    }
    for (const std::size_t i : group) {
      linears[i].quantize.global_scale = scale;
      if (linears[i].act_max) linears[i].act_max = act_max;
    }
  }
}

}  // namespace ar::engine
