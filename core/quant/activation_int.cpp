#include "core/quant/activation_int.hpp"

#include <algorithm>

#include <ATen/ops/empty.h>

#include "core/quant/activation_extremes.hpp"
#include "core/quant/int_scale.hpp"
#include "core/quant/planes.hpp"

namespace ar::quant {
namespace {

IntGrid grid_of(const at::Tensor& x, const Scheme& scheme) {
  Scheme tokens;
  tokens.bits = scheme.act_bits;
  tokens.sym = scheme.act_sym;
  tokens.group_size = scheme.act_group_size;
  const int64_t in = x.size(-1);
  return make_grid(tokens, x.numel() / in, in);
}

}  // namespace

IntActivation::IntActivation(const at::Tensor& x, const Scheme& scheme, const ActivationRange& range)
    : x_(x), grid_(grid_of(x, scheme)), factor_(range.max_scale) {
  range_min_.resize(static_cast<size_t>(grid_.rows * grid_.groups()));
  range_max_.resize(range_min_.size());
  group_ranges(grid_, reals_of(x_), {0, grid_.rows}, range_min_.data(), range_max_.data());
  for (float& low : range_min_) low *= factor_;
  for (float& high : range_max_) high *= factor_;
}

IntTuning IntActivation::layer() const {
  IntTuning layer{grid_, reals_of(x_)};
  layer.range_min = range_min_.data();
  layer.range_max = range_max_.data();
  return layer;
}

void IntActivation::quantize(at::Tensor& to) const { fake_quant(layer(), {0, grid_.rows}, mutable_reals_of(to)); }

at::Tensor IntActivation::gradient(const at::Tensor& dy, float* d_max_scale) const {
  at::Tensor dx = at::empty(x_.sizes(), at::kFloat);
  std::vector<float> value(static_cast<size_t>(x_.numel())), low(range_min_.size(), 1.0f), high = low;
  std::vector<float> d_low(low.size()), d_high(low.size());
  IntTuning with_factors = layer();
  with_factors.value = value.data();
  with_factors.min_scale = low.data();
  with_factors.max_scale = high.data();
  float* to = dx.mutable_data_ptr<float>();
  accumulate_gradients(with_factors, {0, grid_.rows}, reals_of(dy), true, {to, d_low.data(), d_high.data()});
  const tensor::ConstReals x = reals_of(x_);
  for (int64_t index = 0; index < grid_.rows * grid_.groups(); ++index) {
    const auto i = static_cast<size_t>(index);
    const int64_t column = index % grid_.groups() * grid_.group;
    const int64_t begin = index / grid_.groups() * grid_.cols + column;
    const int64_t end = begin + std::min(grid_.group, grid_.cols - column);
    const float scale = group_levels(with_factors, index).scale;
    for (int64_t k = begin; k < end; ++k) to[k] /= scale;
    // Factors are 1, so that a factor's gradient is the range's times the range.
    if (const Extreme lowest = lowest_of(x, begin, end); lowest.value < 0.0f)
      to[lowest.index] += d_low[i] / lowest.value;
    if (const Extreme top = highest_of(x, begin, end); top.value > 0.0f) to[top.index] += d_high[i] / top.value;
  }
  if (d_max_scale != nullptr) *d_max_scale = factor_gradient(d_low, factor_) + factor_gradient(d_high, factor_);
  return dx;
}

}  // namespace ar::quant
