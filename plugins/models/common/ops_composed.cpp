#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>

#include "plugins/models/common/ops.hpp"

namespace ar::models::composed {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.pow(2).mean({-1}, true) + eps);
  return weight * (wide * scale).to(x.scalar_type());
}

at::Tensor rotate_half(const at::Tensor& x, const RopeTables& tables) {
  const int64_t half = tables.cos.size(1);
  const at::Tensor cos = tables.cos.unsqueeze(1);  // [T, 1, r/2]
  const at::Tensor sin = tables.sin.unsqueeze(1);
  const at::Tensor a = x.narrow(-1, 0, half);
  const at::Tensor b = x.narrow(-1, half, half);
  const at::Tensor rest = x.narrow(-1, 2 * half, x.size(-1) - 2 * half);
  return at::cat({a * cos - b * sin, b * cos + a * sin, rest}, -1);
}

at::Tensor silu_mul(const at::Tensor& gate, const at::Tensor& up) { return at::silu(gate) * up; }

}  // namespace ar::models::composed
