#include "core/tune/input_quantizer.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace ar::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const InputQuantizer* quantizer) {
    ctx->save_for_backward({x});
    // The quantizer belongs to the runner, which outlives its graph.
    ctx->saved_data["quantizer"] = reinterpret_cast<int64_t>(quantizer);
    return quantizer->quantize(x);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto* quantizer = reinterpret_cast<const InputQuantizer*>(ctx->saved_data["quantizer"].toInt());
    const at::Tensor x = ctx->get_saved_variables()[0];
    return {quant::activation_gradient(x, grads[0], quantizer->scheme, quantizer->range), {}};
  }
};

}  // namespace

bool InputQuantizer::same_as(const InputQuantizer& other) const {
  return scheme.act_bits == other.scheme.act_bits && scheme.act_group_size == other.scheme.act_group_size &&
         scheme.act_sym == other.scheme.act_sym && scheme.act_dynamic == other.scheme.act_dynamic &&
         scheme.act_data_type == other.scheme.act_data_type && range.act_max == other.range.act_max;
}

at::Tensor InputQuantizer::quantize(const at::Tensor& x) const { return quant::quantize_activation(x, scheme, range); }

at::Tensor InputQuantizer::quantize_with_gradient(const at::Tensor& x) const { return StraightThrough::apply(x, this); }

std::optional<InputQuantizer> input_quantizer(const StageLinear& linear) {
  if (!linear.tuned || linear.scheme.act_bits > 8) return std::nullopt;
  InputQuantizer quantizer{linear.scheme, {}};
  quantizer.range.act_max = linear.act_max;
  return quantizer;
}

}  // namespace ar::tune
