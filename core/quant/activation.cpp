#include "core/quant/activation.hpp"

#include <algorithm>

#include <ATen/ops/empty_like.h>

#include "core/base/error.hpp"
#include "core/quant/activation_float.hpp"
#include "core/quant/activation_ggml.hpp"
#include "core/quant/activation_int.hpp"
#include "core/quant/float_scale.hpp"

namespace ar::quant {
namespace {

bool has_static(const Scheme& scheme) { return scheme.act_data_type.find("static") != std::string::npos; }

[[noreturn]] void refuse(const Scheme& scheme) {
  base::refuse("activations of {} bits in data type {} are not in this version", scheme.act_bits, scheme.act_data_type);
}

bool is_int(const Scheme& scheme) {
  return scheme.act_data_type == "int" && scheme.act_bits >= 2 && scheme.act_bits <= 8;
}

}  // namespace

bool rounds_activation(const Scheme& scheme) { return scheme.act_bits <= 8 || ggml_type(scheme).has_value(); }

bool is_activation_type(const Scheme& scheme) {
  return is_int(scheme) || float_kind(scheme.act_data_type, scheme.act_bits);
}

bool calibrated(const Scheme& scheme) {
  if (is_int(scheme)) return false;  // IntActivation finds its ranges itself
  return scheme.act_bits <= 8 && (!scheme.act_dynamic || has_static(scheme));
}

float static_scale(const Scheme& scheme, float act_max) {
  const auto kind = float_kind(scheme.act_data_type, scheme.act_bits);
  if (!kind || kind->rule != ScaleRule::kFp) refuse(scheme);
  FloatTuning layer{make_float_grid(*kind, 0, 0, 1, 1), {nullptr, tensor::Real::kF32}};
  return scale_of(layer, act_max, 1.0f).stored;
}

at::Tensor quantize_activation(const at::Tensor& x, const Scheme& scheme, const ActivationRange& range) {
  if (x.numel() == 0) return x;
  const at::Tensor from = x.contiguous();
  at::Tensor to = at::empty_like(from);
  if (const auto kind = float_kind(scheme.act_data_type, scheme.act_bits))
    FloatActivation(from, *kind, scheme, range).quantize(to);
  else if (is_int(scheme))
    IntActivation(from, scheme, range).quantize(to);
  else if (const auto ggml = ggml_type(scheme))
    return round_as_ggml(from, scheme, *ggml);
  else
    refuse(scheme);
  return to;
}

at::Tensor activation_gradient(const at::Tensor& x, const at::Tensor& dy, const Scheme& scheme,
                               const ActivationRange& range, float* d_max_scale) {
  if (d_max_scale != nullptr) *d_max_scale = 0.0f;
  if (x.numel() == 0) return dy;
  const at::Tensor from = x.contiguous(), gradient = dy.contiguous();
  if (const auto kind = float_kind(scheme.act_data_type, scheme.act_bits))
    return FloatActivation(from, *kind, scheme, range).gradient(gradient, d_max_scale).to(x.scalar_type());
  if (is_int(scheme)) return IntActivation(from, scheme, range).gradient(gradient, d_max_scale).to(x.scalar_type());
  refuse(scheme);
}

}  // namespace ar::quant
