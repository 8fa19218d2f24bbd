#include "core/tune/block_tuner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "core/base/cancel.hpp"
#include "core/calib/sampler.hpp"
#include "core/tensor/pair_product.hpp"
#include "core/tensor/parallel.hpp"
#include "core/tensor/token_rows.hpp"
#include "core/tune/activation_tuning.hpp"
#include "core/tune/loss.hpp"
#include "core/tune/rounding_layer.hpp"
#include "core/tune/schedule.hpp"
#include "core/tune/training_runner.hpp"
#include "core/tune/vector_tuning.hpp"

namespace ar::tune {
namespace {

constexpr int64_t kUpdateRows = 96;     // rows of dW formed at once: a tile stays in the second-level cache
constexpr float kLossFactor = 1000.0F;  // upstream's guard against gradients too small for 16 bits (algorithm.md 4.4)

class Tuner {
 public:
  Tuner(const Stage& stage, const StageData& data, const TuneOptions& options)
      : stage_(stage),
        data_(data),
        options_(options),
        micro_(std::min<int64_t>(options.batch_size, data.inputs.size(0))),
        group_(std::min<int64_t>(options.batch_size * options.gradient_accumulate_steps, data.inputs.size(0))),
        stash_(stage, micro_, data.inputs.size(1)),
        vectors_(stage, options),
        activations_(stage, options) {
    for (std::size_t i = 0; i < stage.linears.size(); ++i) {
      const StageLinear& linear = stage.linears[i];
      weights_.biases.push_back(linear.bias);
      weights_.inputs.push_back(input_quantizer(linear));
      if (linear.tuned) {
        layer_of_.push_back(i);
        layers_.emplace_back(linear, options, stage.compute);
      }
      weights_.weights.emplace_back(linear.tuned ? layers_.back().weight() : linear.weight.to(stage.compute), true);
    }
    for (const StageParameter& parameter : stage.parameters) weights_.parameters.push_back(parameter.value);
    for_tiles([&](std::size_t layer, quant::RowRange rows) {
      layers_[layer].start(rows);
      refresh(layer, rows);
    });
    vectors_.use(weights_);
    activations_.use(weights_);
  }

  TuneResult run(base::PythonRandom& random, const StepCallback& on_step) {
    TuneResult result;
    calib::IndexSampler sampler(static_cast<std::size_t>(data_.inputs.size(0)), static_cast<std::size_t>(group_), random);
    const double lr = options_.lr.value_or(1.0 / static_cast<double>(options_.iters));
    LinearSchedule schedule(lr, options_.iters);
    LinearSchedule minmax_schedule(options_.minmax_lr.value_or(lr), options_.iters);
    double best = std::numeric_limits<float>::max();
    bool has_snapshot = false;
    for (int64_t i = 0; i < options_.iters; ++i) {
      base::throw_if_cancelled();
      const bool last = i + 1 == options_.iters;
      backward_ = !last;  // no step follows
      const double loss = forward_backward(sampler.next());
      if (i == 0) result.first_loss = loss;
      const bool keep = options_.keep_best ? loss < best : last;
      if (keep) {
        best = loss;
        has_snapshot = true;
        result.best_iteration = options_.keep_best ? i : options_.iters;
      }
      if (on_step) on_step(i, loss);
      const bool stop = options_.keep_best && options_.dynamic_max_gap > 0 &&
                        i - result.best_iteration >= options_.dynamic_max_gap;
      update(keep, !last && !stop, {schedule.lr(), minmax_schedule.lr(), i + 1});
      if (stop) break;
      schedule.step();
      minmax_schedule.step();
    }
    result.best_loss = best;
    collect(result, has_snapshot);
    return result;
  }

 private:
  /// Rows of the matrix that a range of the layer's rows stands for.
  quant::RowRange matrix_rows(std::size_t layer, quant::RowRange rows) const {
    const int64_t out = layers_[layer].weight().size(0);
    return layers_[layer].rows() == out ? rows : quant::RowRange{0, out};
  }

  void refresh(std::size_t layer, quant::RowRange rows) {
    const quant::RowRange changed = matrix_rows(layer, rows);
    weights_.weights[layer_of_[layer]].refresh(changed.begin, changed.end);
  }

  /// Every layer in pieces of about kUpdateRows rows, in parallel.
  template <typename Body>
  void for_tiles(Body body) {
    struct Tile {
      std::size_t layer;
      quant::RowRange rows;
    };
    std::vector<Tile> tiles;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const int64_t step = std::lcm(layers_[i].row_step(), tensor::kPanel);
      const int64_t rows = (kUpdateRows + step - 1) / step * step;
      for (int64_t row = 0; row < layers_[i].rows(); row += rows) {
        tiles.push_back({i, {row, std::min(row + rows, layers_[i].rows())}});
      }
    }
    tensor::parallel_for(static_cast<int64_t>(tiles.size()), [&](int64_t i) {
      const Tile& tile = tiles[static_cast<std::size_t>(i)];
      body(tile.layer, tile.rows);
    });
  }

  /// Loss of the drawn samples; leaves their gradients in the stash (and, when accumulating, in sums_).
  double forward_backward(const std::vector<std::size_t>& drawn) {
    double kept = 0.0;
    for (const std::size_t s : drawn) {
      const auto& mask = (*data_.kept)[s];
      kept += static_cast<double>(std::count(mask.begin(), mask.end(), 1));
    }
    double total = 0.0;
    vectors_.clear_gradients();
    activations_.clear_gradients();
    for (std::size_t begin = 0; begin < drawn.size(); begin += static_cast<std::size_t>(micro_)) {
      const std::size_t end = std::min(begin + static_cast<std::size_t>(micro_), drawn.size());
      total += micro_batch({drawn.begin() + static_cast<std::ptrdiff_t>(begin),
                            drawn.begin() + static_cast<std::ptrdiff_t>(end)}) / std::max(kept, 1.0);
      if (accumulating() && backward_) add_weight_gradients(begin == 0);
    }
    return total;
  }

  bool accumulating() const { return group_ > micro_; }

  double micro_batch(const std::vector<std::size_t>& samples) {
    const auto n = static_cast<int64_t>(samples.size());
    used_ = n;
    std::vector<double> losses(samples.size());
    std::vector<SampleGradients> gradients(samples.size());
    const auto one = [&](int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      losses[at] = sample_pass(static_cast<int64_t>(samples[at]), i, n, gradients[at]);
    };
    tensor::parallel_for(n, one);
    double sum = 0.0;
    for (const double loss : losses) sum += loss;
    if (backward_) {
      for (const SampleGradients& g : gradients) {
        vectors_.add(g.vectors);
        activations_.add(g.ranges);
      }
    }
    return sum;
  }

  struct SampleGradients {
    VectorGradients vectors;
    std::vector<float> ranges;
  };

  /// Returns this sample's share of the micro-batch's loss.
  double sample_pass(int64_t sample, int64_t position, int64_t n, SampleGradients& gradients) {
    at::AutoGradMode with_gradients(backward_);
    TrainingRunner runner(stage_, weights_, stash_, position, vectors_.active());
    const at::Tensor input = data_.inputs.narrow(0, sample, 1).to(at::kFloat);
    const at::Tensor output = stage_.forward(input, runner);
    const at::Tensor target = data_.targets.defined() ? data_.targets.select(0, sample) : data_.make_target(sample);
    // One micro-batch a step: mean over its elements; several: their sum (algorithm.md 4.4).
    const double scale = options_.gradient_accumulate_steps == 1 ? 1.0 / static_cast<double>(n * target.numel()) : 1.0;
    const SampleLoss loss = squared_error(output, target, (*data_.kept)[static_cast<std::size_t>(sample)],
                                          static_cast<float>(scale * kLossFactor));
    if (backward_) {
      output.backward(loss.gradient);
      gradients = {vectors_.gradients_of(runner), runner.range_gradients()};
    }
    return loss.sum * scale;
  }

  at::Tensor weight_gradient(std::size_t layer, quant::RowRange rows) const {
    const std::size_t linear = layer_of_[layer];
    const quant::RowRange range = matrix_rows(layer, rows);
    return tensor::weight_gradient(stash_.output_gradient(linear), range.begin, range.end, stash_.input(linear), used_);
  }

  void add_weight_gradients(bool first) {
    if (sums_.empty()) sums_.resize(layers_.size());
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (!sums_[i].defined()) sums_[i] = at::zeros({layers_[i].rows(), layers_[i].columns()}, at::kFloat);
    }
    for_tiles([&](std::size_t i, quant::RowRange rows) {
      if (!stash_.has(layer_of_[i])) return;
      at::NoGradGuard no_grad;
      at::Tensor sum = sums_[i].narrow(0, rows.begin, rows.end - rows.begin);
      const at::Tensor gradient = weight_gradient(i, rows).view(sum.sizes());
      first ? sum.copy_(gradient) : sum.add_(gradient);
    });
  }

  void update(bool keep, bool step, const StepRates& rates) {
    for_tiles([&](std::size_t i, quant::RowRange rows) {
      if (keep) layers_[i].snapshot(rows);
      if (!step || !stash_.has(layer_of_[i])) return;
      layers_[i].step(rows, accumulating() ? sums_[i].narrow(0, rows.begin, rows.end - rows.begin) : weight_gradient(i, rows),
                      rates);
      refresh(i, rows);
    });
    if (keep) {
      vectors_.snapshot();
      activations_.snapshot();
    }
    if (step) {
      vectors_.step(rates);
      vectors_.use(weights_);
      activations_.step(rates);
      activations_.use(weights_);
    }
  }

  void collect(TuneResult& result, bool has_snapshot) {
    result.layers.resize(stage_.linears.size());
    for (std::size_t i = 0; i < layers_.size(); ++i) result.layers[layer_of_[i]] = layers_[i].result(has_snapshot);
    vectors_.collect(has_snapshot, result.biases, result.parameters);
    result.act_max = activations_.collect(has_snapshot);
  }

  const Stage& stage_;
  const StageData& data_;
  const TuneOptions& options_;
  int64_t micro_;  // samples of a micro-batch
  int64_t group_;  // samples of a step
  Stash stash_;
  VectorTuning vectors_;
  ActivationTuning activations_;
  std::vector<RoundingLayer> layers_;
  std::vector<std::size_t> layer_of_;  // layer -> linear
  TrainingWeights weights_;
  std::vector<at::Tensor> sums_;  // dW of the micro-batches so far, float32
  int64_t used_ = 0;              // samples of the stash that the last micro-batch filled
  bool backward_ = true;
};

}  // namespace

TuneResult tune_stage(const Stage& stage, const StageData& data, const TuneOptions& options,
                      base::PythonRandom& random, const StepCallback& on_step) {
  return Tuner(stage, data, options).run(random, on_step);
}

}  // namespace ar::tune
