#include "core/engine/pipeline.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/calibration.hpp"
#include "core/engine/convert.hpp"
#include "core/engine/memory.hpp"
#include "core/engine/model_source.hpp"
#include "core/engine/plan.hpp"
#include "core/engine/stage_loader.hpp"
#include "core/engine/statistics.hpp"
#include "core/engine/unit_result.hpp"
#include "core/engine/writers.hpp"
#include "core/tensor/parallel.hpp"
#include "core/tune/activation_stream.hpp"
#include "core/tune/block_tuner.hpp"
#include "core/tune/fixed_runner.hpp"

namespace ar::engine {
namespace {

class Run {
 public:
  Run(Plan& plan, const Callbacks& callbacks) : plan_(plan), callbacks_(callbacks), random_(plan.options.seed) {}

  void operator()() {
    if (plan_.needs_data()) {
      base::info("start to cache block inputs");
      calibration_ = calibrate(plan_);
      base::info("caching done");
    }
    writers_.emplace(plan_);
    try {
      quantize();
      writers_->commit();
    } catch (...) {
      if (base::cancelled()) writers_->keep_partial();
      throw;
    }
  }

 private:
  void quantize() {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t u = 0; u < plan_.units.size(); ++u) {
      base::throw_if_cancelled();
      const auto& blocks = plan_.units[u];
      announce(plan_.spec->blocks[static_cast<std::size_t>(blocks.front())].name, u);
      quantize_unit(u);
      advance(plan_, u);
    }
    finish_outside();
    if (callbacks_.on_done) callbacks_.on_done();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    base::info("quantization tuning time {}", seconds.count());
  }

  void announce(const std::string& name, std::size_t unit) const {
    if (callbacks_.on_unit) {
      callbacks_.on_unit(name, static_cast<int64_t>(unit), static_cast<int64_t>(plan_.units.size()));
    }
  }

  void quantize_unit(std::size_t unit) {
    LoadedStage loaded = load_unit(plan_, unit, calibration_.contexts);
    UnitResult result = plan_.tunes() ? tune_unit(loaded, unit) : round(loaded);
    write_unit(plan_, loaded, result, *writers_);
  }

  /// Without tuning the blocks see the original stream (algorithm.md 8).
  UnitResult round(LoadedStage& loaded) {
    if (plan_.method == Method::kConvert) return read_unit(plan_, loaded);
    if (plan_.needs_data()) record_statistics(plan_, loaded, calibration_.original, calibration_.original);
    share_global_scales(loaded);
    return round_unit(loaded);
  }

  /// Reference outputs replace the original stream in place; the quantized stream follows on its own.
  UnitResult tune_unit(LoadedStage& loaded, std::size_t unit) {
    const tune::Stage& stage = loaded.stage;
    Calibration& c = calibration_;
    const bool last = unit + 1 == plan_.units.size() && !head_tuned();
    const bool own_inputs = plan_.options.enable_quanted_input;
    at::Tensor inputs = c.quantized;
    if (!inputs.defined()) {  // first unit, or blocks that see the original stream
      inputs = tune::make_stream(c.samples, c.tokens, c.original.size(2), c.disk);
      inputs.copy_(c.original);
    }
    if (wants_statistics(plan_, loaded)) record_statistics(plan_, loaded, inputs, {});
    share_global_scales(loaded);
    run_stream(stage, {}, c.original);
    UnitResult result;
    const int64_t quantized = n_tuned(stage);
    if (quantized > 0) {
      tune::StageData data{inputs, c.original, nullptr, &c.kept};
      result = from_tuning(loaded, tune::tune_stage(stage, data, tune_options(), random_, step_callback()));
      base::info_clean("quantized {}/{} layers in the block, loss iter 0: {:.6f} -> iter {}: {:.6f},{}", quantized,
                       stage.linears.size(), result.first_loss, result.best_iteration, result.best_loss, memory_summary());
    } else {
      result = untouched(loaded);
    }
    const bool followed = own_inputs && !last;
    if (stage.states) stage.states->restart_cache();  // a cache will hold the states of the finished weights
    if (followed || stage.states) run_stream(stage, result.fixed(plan_.compute), inputs, tune::Activations::kQuantized);
    if (followed) c.quantized = inputs;
    return result;
  }

  /// Replaces every sample of the stream by the stage's output.
  void run_stream(const tune::Stage& stage, FixedTensors fixed, at::Tensor& stream,
                  tune::Activations activations = tune::Activations::kAsTheyAre) const {
    tune::FixedRunner runner(stage, std::move(fixed.weights), std::move(fixed.biases), std::move(fixed.parameters),
                             activations);
    tensor::parallel_for(stream.size(0), [&](int64_t i) {
      base::throw_if_cancelled();
      at::NoGradGuard no_grad;
      at::Tensor sample = stream.narrow(0, i, 1);
      sample.copy_(stage.forward(sample.to(at::kFloat), runner));
    });
  }

  static int64_t n_tuned(const tune::Stage& stage) {
    int64_t n = 0;
    for (const auto& linear : stage.linears) n += linear.tuned ? 1 : 0;
    return n;
  }

  bool head_quantized() const {
    return std::any_of(plan_.layers.begin(), plan_.layers.end(),
                       [](const PlannedLayer& layer) { return layer.block < 0 && layer.quantized; });
  }
  bool head_tuned() const {
    return plan_.tunes() && std::any_of(plan_.layers.begin(), plan_.layers.end(), [](const PlannedLayer& layer) {
             return layer.block < 0 && layer.quantized && !layer.round_only;
           });
  }

  tune::TuneOptions tune_options() const {
    const RunOptions& o = plan_.options;
    tune::TuneOptions t;
    t.iters = o.iters;
    t.lr = o.lr;
    t.minmax_lr = o.minmax_lr;
    t.batch_size = o.batch_size;
    t.gradient_accumulate_steps = o.gradient_accumulate_steps;
    t.momentum = o.momentum;
    t.minmax_tuning = o.enable_minmax_tuning;
    t.norm_bias_tuning = o.enable_norm_bias_tuning;
    t.keep_best = !o.not_use_best_mse;
    t.optimizer = o.enable_adam ? tune::Optimizer::kAdamW : tune::Optimizer::kSignSgd;
    return t;
  }

  tune::StepCallback step_callback() const {
    return [this](int64_t iteration, double loss) {
      if (callbacks_.on_step) callbacks_.on_step(iteration, plan_.options.iters, loss);
    };
  }

  /// The output layer: one sample a micro-batch, targets computed when they are needed (algorithm.md 9.1).
  UnitResult tune_head(LoadedStage& loaded) {
    const tune::Stage& stage = loaded.stage;
    base::info("quantizing layer {}", stage.name);
    tune::FixedRunner original(stage);
    tune::StageData data;
    data.inputs = calibration_.quantized.defined() ? calibration_.quantized : calibration_.original;
    data.make_target = [&](int64_t sample) {
      at::NoGradGuard no_grad;
      return stage.forward(calibration_.original.narrow(0, sample, 1).to(at::kFloat), original).squeeze(0);
    };
    data.kept = &calibration_.kept;
    tune::TuneOptions options = tune_options();
    options.gradient_accumulate_steps *= options.batch_size;
    options.batch_size = 1;
    options.momentum = 0.0;
    UnitResult result = from_tuning(loaded, tune::tune_stage(stage, data, options, random_, step_callback()));
    base::info_clean("quantized {},  loss iter 0: {:.6f} -> iter {}: {:.6f}", stage.name, result.first_loss,
                     result.best_iteration, result.best_loss);
    return result;
  }

  void finish_outside() {
    for (const ParameterSpec& p : plan_.spec->embed) add_embedding(p);
    for (const ParameterSpec& p : plan_.spec->head_parameters) add(p);
    if (head_quantized()) {
      quantize_head();
    } else if (!plan_.spec->tied) {
      write_plain_head();
    }
    for (const std::string& name : plan_.leftover) {
      base::info("copied as it is, the model does not use it: {}", name);
      writers_->add(name, load_unquantized(plan_, name));
    }
    report();
  }

  void add(const ParameterSpec& p) {
    write_plain(plan_, p, *writers_);
    plan_.source->release(p.tensor);
  }

  void quantize_head() {
    LoadedStage loaded = load_head(plan_, calibration_.contexts);
    const UnitResult result = head_tuned() ? tune_head(loaded) : head_statistics_and_round(loaded);
    loaded.parameter_specs.clear();  // written already
    write_unit(plan_, loaded, result, *writers_);
  }

  UnitResult head_statistics_and_round(LoadedStage& loaded) {
    if (plan_.method == Method::kConvert) return read_unit(plan_, loaded);
    if (calibration_.original.defined() && wants_statistics(plan_, loaded))
      record_statistics(plan_, loaded, calibration_.original, {});
    return round_unit(loaded);
  }

  /// An embedding is a table of rows: it can be rounded, there is nothing to tune it on.
  void add_embedding(const ParameterSpec& p) {
    for (const PlannedLayer& planned : plan_.embeddings) {
      if (planned.spec.weight != p.tensor || !planned.quantized) continue;
      const LoadedStage loaded = load_matrix(plan_, planned);
      write_matrix(loaded, round_unit(loaded), *writers_);
      plan_.source->release(p.tensor);
      return;
    }
    add(p);
  }

  void write_plain_head() {
    for (const LinearSpec& head : plan_.spec->head) {
      write_plain(plan_, head, *writers_);
      plan_.source->release(head.weight);
    }
  }

  void report() const {
    std::vector<std::string> left;
    for (const PlannedLayer& layer : plan_.layers) {
      if (!layer.quantized) left.push_back(layer.spec.name);
    }
    std::string line = fmt::format("Summary: quantized {}/{} in the model", plan_.n_quantized(), plan_.layers.size());
    if (!left.empty()) line += ", unquantized layers: " + model::compress_names(left);
    base::info("{}", line);
    base::info("{}", memory_summary());
  }

  Plan& plan_;
  const Callbacks& callbacks_;
  base::PythonRandom random_;
  Calibration calibration_;
  std::optional<Writers> writers_;
};

}  // namespace

void run_quantize(const RunOptions& options, plugin::Registry& registry, const Callbacks& callbacks) {
  tune_allocator();
  tensor::ThreadControl threads;
  if (options.deterministic) at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  base::info("start to quantize {}", options.model);
  Plan plan = make_plan(options, registry);
  base::info("quantizing {} of {} linear layers on {} threads; about {} of memory beside the mapped checkpoint",
             plan.n_quantized(), plan.layers.size(), threads.n_threads(), gibibytes(plan.memory_estimate()));
  if (plan.needs_data()) base::info("using {} for quantization tuning", plan.compute == at::kFloat ? "float32" : "bfloat16");
  Run(plan, callbacks)();
}

}  // namespace ar::engine
