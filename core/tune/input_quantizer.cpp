#include "core/tune/input_quantizer.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace ar::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& /*anchor*/, const InputQuantizer* quantizer,
                            float* d_max_scale) {
    ctx->save_for_backward({x});
    // Both belong to the runner, which outlives its graph.
    ctx->saved_data["quantizer"] = reinterpret_cast<int64_t>(quantizer);
    ctx->saved_data["d_max_scale"] = reinterpret_cast<int64_t>(d_max_scale);
    return quantizer->quantize(x);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto* quantizer = reinterpret_cast<const InputQuantizer*>(ctx->saved_data["quantizer"].toInt());
    const at::Tensor x = ctx->get_saved_variables()[0];
    float d_max_scale = 0.0F;
    const at::Tensor dx = quant::activation_gradient(x, grads[0], quantizer->scheme, quantizer->range,
                                                     quantizer->tuned ? &d_max_scale : nullptr);
    *reinterpret_cast<float*>(ctx->saved_data["d_max_scale"].toInt()) += d_max_scale;
    return {dx, {}, {}, {}};
  }
};

}  // namespace

bool InputQuantizer::same_as(const InputQuantizer& other) const {
  if (tuned || other.tuned) return this == &other;
  return scheme.act_bits == other.scheme.act_bits && scheme.act_group_size == other.scheme.act_group_size &&
         scheme.act_sym == other.scheme.act_sym && scheme.act_dynamic == other.scheme.act_dynamic &&
         scheme.act_data_type == other.scheme.act_data_type && range.act_max == other.range.act_max;
}

at::Tensor InputQuantizer::quantize(const at::Tensor& x) const { return quant::quantize_activation(x, scheme, range); }

at::Tensor InputQuantizer::quantize_with_gradient(const at::Tensor& x, const at::Tensor& anchor, float* d_max_scale) const {
  return StraightThrough::apply(x, tuned ? anchor : anchor.detach(), this, d_max_scale);
}

std::optional<InputQuantizer> input_quantizer(const StageLinear& linear) {
  if (!linear.tuned || linear.scheme.act_bits > 8) return std::nullopt;
  InputQuantizer quantizer{linear.scheme, {}};
  quantizer.range.act_max = linear.act_max;
  return quantizer;
}

}  // namespace ar::tune
