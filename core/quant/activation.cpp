#include "core/quant/activation.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace ar::quant {
namespace {

[[noreturn]] void refuse(const Scheme& scheme) {
  base::refuse("activations of {} bits in data type {} are not in this version", scheme.act_bits, scheme.act_data_type);
}

}  // namespace

bool calibrated(const Scheme& scheme) {
  return scheme.act_bits <= 8 && (!scheme.act_dynamic || scheme.act_data_type.find("static") != std::string::npos);
}

float static_scale(const Scheme&, float act_max) { return std::max(act_max / 448.0F, 1.0F / (448.0F * 512.0F)); }

at::Tensor quantize_activation(const at::Tensor&, const Scheme& scheme, const ActivationRange&) { refuse(scheme); }

at::Tensor activation_gradient(const at::Tensor&, const at::Tensor&, const Scheme& scheme, const ActivationRange&) {
  refuse(scheme);
}

}  // namespace ar::quant
