#include "core/tune/activation_tuning.hpp"

#include <algorithm>

#include "core/quant/optimizer.hpp"

namespace ar::tune {

ActivationTuning::ActivationTuning(const Stage& stage, const TuneOptions& options) : stage_(stage), options_(options) {
  for (std::size_t i = 0; i < stage.linears.size(); ++i) {
    const StageLinear& linear = stage.linears[i];
    if (options.minmax_tuning && input_quantizer(linear) && !linear.scheme.act_dynamic && linear.act_max) linears_.push_back(i);
  }
  factors_.assign(linears_.size(), 1.0F);
  gradients_.resize(linears_.size());
  first_.resize(linears_.size());
  second_.resize(linears_.size());
}

void ActivationTuning::use(TrainingWeights& weights) const {
  for (std::size_t k = 0; k < linears_.size(); ++k) {
    InputQuantizer& quantizer = *weights.inputs[linears_[k]];
    quantizer.tuned = true;
    quantizer.range.max_scale = factors_[k];
  }
}

void ActivationTuning::clear_gradients() { std::fill(gradients_.begin(), gradients_.end(), 0.0F); }

void ActivationTuning::add(const std::vector<float>& gradients) {
  for (std::size_t k = 0; k < linears_.size(); ++k) gradients_[k] += gradients[linears_[k]];
}

void ActivationTuning::step(const StepRates& rates) {
  const auto n = static_cast<int64_t>(factors_.size());
  float* p = factors_.data();
  if (options_.optimizer == Optimizer::kAdamW) {
    quant::adamw_step(p, gradients_.data(), {first_.data(), second_.data()}, n, rates.lr_minmax, rates.step);
  } else if (options_.momentum != 0.0) {
    quant::sign_descent_momentum(p, gradients_.data(), first_.data(), n, rates.lr_minmax, static_cast<float>(options_.momentum));
  } else {
    quant::sign_descent(p, gradients_.data(), n, rates.lr_minmax);
  }
  for (float& factor : factors_) factor = std::clamp(factor, 0.0F, 1.0F);
}

std::vector<std::optional<float>> ActivationTuning::collect(bool has_snapshot) const {
  std::vector<std::optional<float>> ranges(stage_.linears.size());
  if (!has_snapshot) return ranges;
  for (std::size_t k = 0; k < linears_.size(); ++k) ranges[linears_[k]] = *stage_.linears[linears_[k]].act_max * best_[k];
  return ranges;
}

}  // namespace ar::tune
