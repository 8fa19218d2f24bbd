#include "core/engine/stage_loader.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/engine/model_source.hpp"
#include "core/quant/data_type.hpp"
#include "core/quant/planes.hpp"

namespace ar::engine {
namespace {

/// A stored tensor, rounded to --model_dtype.
at::Tensor rounded(const Plan& plan, const at::Tensor& stored) {
  const auto type = stored.scalar_type();
  const bool floating = type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
  return plan.model_dtype && floating ? stored.to(*plan.model_dtype) : stored;
}

struct BlockPart {
  int64_t block;
  int64_t linears;
  int64_t parameters;
  int64_t attentions;
};

/// Shifts ids so that several blocks share one runner, and puts the stage's state quantizer in their attentions.
class OffsetRunner : public Runner {
 public:
  OffsetRunner(Runner& inner, const BlockPart& part, tune::StateQuantizer* states)
      : inner_(inner),
        linears_(part.linears),
        parameters_(part.parameters),
        attentions_(part.attentions),
        states_(states) {}
  at::Tensor linear(int64_t id, const at::Tensor& x) override { return inner_.linear(id + linears_, x); }
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override {
    std::vector<int64_t> shifted = ids;
    for (int64_t& id : shifted) id += linears_;
    return inner_.grouped_linear(shifted, x_sorted, offsets);
  }
  at::Tensor parameter(int64_t id) override { return inner_.parameter(id + parameters_); }
  AttentionStates attention(int64_t id, const AttentionStates& states) override {
    return states_ != nullptr ? states_->pass(id + attentions_, states) : states;
  }
  at::ScalarType compute() const override { return inner_.compute(); }

 private:
  Runner& inner_;
  int64_t linears_;
  int64_t parameters_;
  int64_t attentions_;
  tune::StateQuantizer* states_;
};

quant::ScaleType scale_type(const std::string& name) {
  if (name == "float32") return quant::ScaleType::kF32;
  return name == "bfloat16" ? quant::ScaleType::kBf16 : quant::ScaleType::kF16;
}

tune::StageLinear stage_linear(const Plan& plan, const PlannedLayer& layer) {
  LoadedLinear source = load_linear(plan, layer.spec);
  tune::StageLinear linear;
  linear.name = layer.spec.name;
  linear.weight = std::move(source.weight);
  if (source.bias.defined()) linear.bias = source.bias.to(at::kFloat);
  linear.scheme = layer.scheme;
  linear.tuned = layer.quantized;
  // Eight bits leave nothing to gain: searched only when asked for (algorithm.md 8.2).
  const bool worth_it = layer.scheme.bits < 8 || plan.options.disable_opt_rtn == false;
  const quant::ScaleType scales = scale_type(layer.scale_dtype);
  const bool before_tuning =
      plan.tunes() && linear.tuned && quant::data_type(layer.scheme).tunes_from_search(layer.scheme, scales);
  linear.quantize.search = (plan.method == Method::kOptRtn && worth_it) || before_tuning;
  linear.quantize.search_ratio = plan.options.search_ratio;
  linear.quantize.scale_type = scales;
  linear.quantize.dtype = plan.weight_dtype;
  linear.quantize.from_data = plan.options.model_free;
  return linear;
}

void add_linear(const Plan& plan, std::size_t index, LoadedStage& loaded) {
  loaded.stage.linears.push_back(stage_linear(plan, plan.layers[index]));
  loaded.planned.push_back(index);
}

void add_parameter(const Plan& plan, const ParameterSpec& spec, LoadedStage& loaded) {
  loaded.stage.parameters.push_back({spec.tensor, load_unquantized(plan, spec.tensor).to(at::kFloat), spec.norm});
  loaded.parameter_specs.push_back(spec);
}

void check_finite(const Plan& plan, const std::string& name, const at::Tensor& t) {
  const int64_t at = quant::first_nonfinite(t);
  if (at < 0) return;
  base::fail("{}: tensor {} holds NaN or infinity at element {}; a weight must be finite",
             plan.source->place(name).string(), name, at);
}

}  // namespace

LoadedLinear load_linear(const Plan& plan, const LinearSpec& spec) {
  LoadedLinear linear;
  linear.weight = rounded(plan, plan.source->linear(spec).weight).to(plan.weight_dtype).contiguous();
  if (linear.weight.dim() != 2 || linear.weight.size(0) != spec.out || linear.weight.size(1) != spec.in) {
    base::fail("{}: tensor {} is not [{}, {}]", plan.options.model, spec.weight, spec.out, spec.in);
  }
  check_finite(plan, spec.weight, linear.weight);
  if (!spec.bias.empty()) linear.bias = load_unquantized(plan, spec.bias);
  return linear;
}

at::Tensor load_unquantized(const Plan& plan, const std::string& name) {
  const at::Tensor stored = rounded(plan, plan.source->tensor(name));
  const auto type = stored.scalar_type();
  if (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) check_finite(plan, name, stored);
  return plan.cast_unquantized && at::isFloatingType(stored.scalar_type()) ? stored.to(plan.weight_dtype) : stored;
}

LoadedStage load_unit(const Plan& plan, std::size_t unit, Contexts contexts) {
  LoadedStage loaded;
  std::vector<BlockPart> parts;
  for (const int64_t block : plan.units[unit]) {
    const BlockSpec& spec = plan.spec->blocks[static_cast<std::size_t>(block)];
    parts.push_back({block, static_cast<int64_t>(loaded.stage.linears.size()),
                     static_cast<int64_t>(loaded.stage.parameters.size()),
                     static_cast<int64_t>(loaded.attentions.size())});
    loaded.attentions.insert(loaded.attentions.end(), spec.attentions.begin(), spec.attentions.end());
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
      if (plan.layers[i].block == block) add_linear(plan, i, loaded);
    }
    for (const ParameterSpec& parameter : spec.parameters) add_parameter(plan, parameter, loaded);
    if (loaded.stage.name.empty()) loaded.stage.name = spec.name;
  }
  loaded.stage.compute = plan.compute;
  if (plan.calibrates_states()) {
    loaded.stage.states =
        std::make_shared<tune::StateQuantizer>(plan.options.static_states, loaded.attentions, plan.weight_dtype);
  }
  loaded.stage.forward = [model = plan.model, parts, states = loaded.stage.states, contexts = std::move(contexts)](
                             const at::Tensor& input, Runner& runner) {
    at::Tensor hidden = input;
    for (const BlockPart& part : parts) {
      OffsetRunner shifted(runner, part, states.get());
      hidden = model->block(part.block, hidden, contexts.of(hidden), shifted);
    }
    return hidden;
  };
  return loaded;
}

LoadedStage load_head(const Plan& plan, Contexts contexts) {
  LoadedStage loaded;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    if (plan.layers[i].block < 0) add_linear(plan, i, loaded);
  }
  for (const ParameterSpec& parameter : plan.spec->head_parameters) {
    add_parameter(plan, parameter, loaded);
    loaded.stage.parameters.back().norm = false;  // only norms of blocks are tuned
  }
  loaded.stage.name = loaded.stage.linears.front().name;
  loaded.stage.compute = plan.compute;
  loaded.stage.forward = [model = plan.model, contexts = std::move(contexts)](const at::Tensor& input, Runner& runner) {
    return model->head(input, contexts.of(input), runner);
  };
  return loaded;
}

LoadedStage load_matrix(const Plan& plan, const PlannedLayer& layer) {
  LoadedStage loaded;
  loaded.stage.name = layer.spec.name;
  loaded.stage.linears.push_back(stage_linear(plan, layer));
  return loaded;
}

void advance(const Plan& plan, std::size_t unit) {
  for (const int64_t block : plan.units[unit]) {
    plan.source->release(plan.spec->blocks[static_cast<std::size_t>(block)].name + ".");
  }
  if (unit + 1 >= plan.units.size()) return;
  for (const int64_t block : plan.units[unit + 1]) {
    plan.source->prefetch(plan.spec->blocks[static_cast<std::size_t>(block)].name + ".");
  }
}

}  // namespace ar::engine
