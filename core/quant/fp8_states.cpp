#include "core/quant/fp8_states.hpp"

#include <vector>

#include <ATen/ops/abs.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/quant/activation.hpp"

namespace ar::quant {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLargest = 448.0;  // of e4m3
constexpr double kSmallestScale = 1.0 / (kLargest * 512.0);

Scheme static_fp8() {
  Scheme scheme;
  scheme.act_bits = 8;
  scheme.act_data_type = "fp8";
  scheme.act_group_size = 0;
  scheme.act_sym = true;
  scheme.act_dynamic = false;
  return scheme;
}

/// The element at a row-major position, as a view.
at::Tensor element(at::Tensor t, int64_t at) {
  while (t.dim() > 0) {
    const int64_t inner = t.numel() / t.size(0);
    t = t.select(0, at / inner);
    at %= inner;
  }
  return t;
}

/// Adds to dx, all of one scale, what comes through the largest element: it alone sets the scale.
void add_scale_gradient(const at::Tensor& x, const at::Tensor& quantized, const at::Tensor& dy, const at::Tensor& dx) {
  const int64_t largest = at::argmax(at::abs(x)).item<int64_t>();
  const double value = element(x, largest).item<double>();
  if (value == 0.0) return;
  const double error = at::sum(at::mul(dy, at::sub(quantized, x))).item<double>();
  element(dx, largest).add_(error / value);
}

struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& states, const at::Tensor& max) {
    at::Tensor quantized = quantize_states(states, max);
    ctx->save_for_backward({states, quantized});
    ctx->saved_data["heads"] = max.numel() > 1;
    return quantized;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &quantized = saved[1], &dy = grads[0];
    at::Tensor dx = dy.clone(at::MemoryFormat::Contiguous);
    if (!ctx->saved_data["heads"].toBool()) {
      add_scale_gradient(x, quantized, dy, dx);
      return {dx, at::Tensor()};
    }
    for (int64_t head = 0; head < x.size(2); ++head) {
      add_scale_gradient(x.select(2, head), quantized.select(2, head), dy.select(2, head), dx.select(2, head));
    }
    return {dx, at::Tensor()};
  }
};

}  // namespace

at::Tensor state_max(const at::Tensor& states, Granularity granularity) {
  const at::Tensor magnitudes = at::abs(states.detach()).to(at::kFloat);
  if (granularity == Granularity::kHead) return at::amax(magnitudes, {0, 1, 3});
  return at::amax(magnitudes).reshape({1});
}

at::Tensor state_scale(const at::Tensor& max) { return max.div(kLargest).clamp_min(kSmallestScale); }

at::Tensor max_of_scale(const at::Tensor& scale) { return scale.to(at::kFloat).mul(kLargest); }

at::Tensor quantize_states(const at::Tensor& states, const at::Tensor& max) {
  static const Scheme scheme = static_fp8();
  const auto with = [&](const at::Tensor& x, int64_t i) {
    ActivationRange range;
    range.act_max = max.const_data_ptr<float>()[i];
    return quantize_activation(x, scheme, range);
  };
  if (max.numel() == 1) return with(states, 0);
  at::Tensor quantized = at::empty_like(states, {}, at::MemoryFormat::Contiguous);
  for (int64_t head = 0; head < states.size(2); ++head)
    quantized.select(2, head).copy_(with(states.select(2, head), head));
  return quantized;
}

at::Tensor quantize_states_with_gradient(const at::Tensor& states, const at::Tensor& max) {
  return StraightThrough::apply(states, max);
}

}  // namespace ar::quant
