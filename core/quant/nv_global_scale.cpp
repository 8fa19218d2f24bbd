#include "core/quant/nv_global_scale.hpp"

#include "core/quant/float_formats.hpp"
#include "core/quant/float_tuning.hpp"
#include "core/quant/planes.hpp"

namespace ar::quant {

float nv_global_scale(float amax) {
  constexpr float kTop = kE4M3.max * kE2M1.max;
  return amax == 0.0f ? 0.0f : kTop * (1.0f / amax);  // two roundings, as upstream
}

float nv_global_scale(const at::Tensor& tensor) {
  if (tensor.numel() == 0) return 0.0f;
  float amax = 0.0f;
  group_amax(make_float_grid({kE2M1, ScaleRule::kNv, Slope::kOne}, 0, 0, 1, tensor.numel()), reals_of(tensor), {0, 1},
             &amax);
  return nv_global_scale(amax);
}

}  // namespace ar::quant
