#include "plugins/models/common/ops.hpp"

#include <initializer_list>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "plugins/models/common/kernels.hpp"

namespace ar::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool fusable(std::initializer_list<at::Tensor> tensors) {
  for (const at::Tensor& t : tensors) {
    if (t.scalar_type() != at::kFloat || !t.device().is_cpu()) return false;
  }
  return true;
}

const float* in(const at::Tensor& t) { return t.const_data_ptr<float>(); }
float* out(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const at::Tensor& weight, double eps) {
    const at::Tensor x = input.contiguous();
    const int64_t n = x.size(-1);
    const int64_t rows = x.numel() / n;
    at::Tensor y = at::empty_like(x);
    at::Tensor rstd = at::empty({rows}, x.options());
    kernels::rms_norm(in(x), in(weight.contiguous()), out(y), out(rstd), rows, n, static_cast<float>(eps));
    ctx->save_for_backward({x, weight, rstd});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor weight = saved[1].contiguous();
    const at::Tensor dy = grads[0].contiguous();
    const int64_t n = x.size(-1);
    const int64_t rows = x.numel() / n;
    at::Tensor dx, dw;
    if (ctx->needs_input_grad(0)) {
      dx = at::empty_like(x);
      kernels::rms_norm_grad(in(x), in(weight), in(saved[2]), in(dy), out(dx), rows, n);
    }
    if (ctx->needs_input_grad(1)) {
      dw = at::empty_like(weight);
      kernels::rms_norm_weight_grad(in(x), in(saved[2]), in(dy), out(dw), rows, n);
    }
    return {dx, dw, at::Tensor()};
  }
};

at::Tensor rotated(const at::Tensor& input, const at::Tensor& cos, const at::Tensor& sin, float sign) {
  const at::Tensor x = input.contiguous();
  at::Tensor y = at::empty_like(x);
  kernels::rotate_half(in(x), in(cos), in(sin), out(y), x.size(0) * x.size(1), x.size(1), x.size(2), x.size(3),
                       cos.size(1), sign);
  return y;
}

struct RotateHalf : torch::autograd::Function<RotateHalf> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    ctx->save_for_backward({cos, sin});
    return rotated(x, cos, sin, 1.0f);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    return {rotated(grads[0], saved[0], saved[1], -1.0f), at::Tensor(), at::Tensor()};
  }
};

struct SiluMul : torch::autograd::Function<SiluMul> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate, const at::Tensor& up) {
    const at::Tensor g = gate.contiguous(), u = up.contiguous();
    at::Tensor y = at::empty_like(g);
    kernels::silu_mul(in(g), in(u), out(y), g.numel());
    ctx->save_for_backward({g, u});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    at::Tensor dg = at::empty_like(saved[0]), du = at::empty_like(saved[1]);
    kernels::silu_mul_grad(in(saved[0]), in(saved[1]), in(grads[0].contiguous()), out(dg), out(du), dg.numel());
    return {dg, du};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return fusable({x, weight}) ? RmsNorm::apply(x, weight, eps) : composed::rms_norm(x, weight, eps);
}

at::Tensor rotate_half(const at::Tensor& x, const RopeTables& tables) {
  return fusable({x, tables.cos}) ? RotateHalf::apply(x, tables.cos, tables.sin) : composed::rotate_half(x, tables);
}

at::Tensor silu_mul(const at::Tensor& gate, const at::Tensor& up) {
  return fusable({gate, up}) ? SiluMul::apply(gate, up) : composed::silu_mul(gate, up);
}

}  // namespace ar::models
