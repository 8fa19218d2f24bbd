#include "core/quant/activation_float.hpp"

#include <algorithm>

#include <ATen/ops/empty.h>

#include "core/quant/activation_extremes.hpp"
#include "core/quant/float_scale.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "core/quant/planes.hpp"

namespace ar::quant {
namespace {

/// A given range is one for all tokens; each token then makes a group of its own, so that they may be handled apart.
FloatGrid grid_of(const at::Tensor& x, const FloatKind& kind, const Scheme& scheme, bool fixed) {
  const int64_t in = x.size(-1);
  return make_float_grid(kind, fixed ? -1 : scheme.act_group_size, 0, x.numel() / in, in);
}

}  // namespace

FloatActivation::FloatActivation(const at::Tensor& x, const FloatKind& kind, const Scheme& scheme,
                                 const ActivationRange& range)
    : x_(x),
      fixed_(kind.rule == ScaleRule::kFp && !scheme.act_dynamic && range.act_max.has_value()),
      factor_(scheme.act_data_type == "nv_fp4_with_static_gs" ? 1.0f : range.max_scale) {  // upstream's takes none
  grid_ = grid_of(x, kind, scheme, fixed_);
  amax_.resize(static_cast<size_t>(grid_.rows * grid_.groups()));
  if (fixed_)
    std::fill(amax_.begin(), amax_.end(), *range.act_max);
  else
    group_amax(grid_, reals_of(x_), {0, grid_.rows}, amax_.data());
  if (kind.rule == ScaleRule::kNv)
    global_scale_ = nv_global_scale(range.act_max ? *range.act_max : *std::max_element(amax_.begin(), amax_.end()));
  for (float& a : amax_) a *= factor_;
}

FloatTuning FloatActivation::layer() const {
  FloatTuning layer{grid_, reals_of(x_)};
  layer.amax = amax_.data();
  layer.global_scale = global_scale_;
  return layer;
}

void FloatActivation::quantize(at::Tensor& to) const { fake_quant(layer(), {0, grid_.rows}, mutable_reals_of(to)); }

/// Turns dL/dV of a group into dL/dx, and adds what comes through its largest element.
void FloatActivation::finish_group(const FloatTuning& layer, int64_t row, int64_t g, float d_factor, float* dx) const {
  const int64_t index = row * grid_.groups() + g;
  const int64_t begin = row * grid_.cols + g * grid_.group;
  const int64_t end = begin + std::min(grid_.group, grid_.cols - g * grid_.group);
  const GroupScale scale = group_scale(layer, index);
  const bool divide = divides(grid_.kind.rule);
  for (int64_t i = begin; i < end; ++i) dx[i] = divide ? dx[i] / scale.in : dx[i] * scale.in;
  if (fixed_ || amax_[static_cast<size_t>(index)] == 0.0f) return;
  const Extreme largest = largest_of(reals_of(x_), begin, end);
  dx[largest.index] += d_factor / largest.value;
}

at::Tensor FloatActivation::gradient(const at::Tensor& dy, float* d_max_scale) const {
  at::Tensor dx = at::empty(x_.sizes(), at::kFloat);
  std::vector<float> factors(amax_.size(), 1.0f), d_factors(amax_.size());
  FloatTuning with_factors = layer();
  with_factors.max_scale = factors.data();
  float* to = dx.mutable_data_ptr<float>();
  accumulate_gradients(with_factors, {0, grid_.rows}, reals_of(dy), true, {to, d_factors.data()});
  for (int64_t row = 0; row < grid_.rows; ++row)
    for (int64_t g = 0; g < grid_.groups(); ++g)
      finish_group(with_factors, row, g, d_factors[static_cast<size_t>(row * grid_.groups() + g)], to);
  if (d_max_scale != nullptr) *d_max_scale = factor_gradient(d_factors, factor_);
  return dx;
}

}  // namespace ar::quant
