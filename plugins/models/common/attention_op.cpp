#include "plugins/models/common/attention_op.hpp"

#include <cmath>
#include <optional>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/csrc/autograd/custom_function.h>

#include "plugins/models/common/attention_kernels.hpp"
#include "plugins/models/common/attention_pairs.hpp"

namespace ar::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k) {
  return {q.size(1), q.size(2), k.size(2), q.size(3), 1.0f / std::sqrt(static_cast<float>(q.size(3)))};
}
const float* in(const at::Tensor& t) { return t.const_data_ptr<float>(); }
float* out(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }

struct CausalAttention : torch::autograd::Function<CausalAttention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q_, const at::Tensor& k_, const at::Tensor& v_,
                            bool pairs) {
    const at::Tensor q = q_.contiguous(), k = k_.contiguous(), v = v_.contiguous();
    at::Tensor y = at::empty_like(q);
    at::Tensor lse = at::empty({q.size(2), q.size(1)}, q.options());
    const auto attend = pairs ? kernels::causal_attention_pairs : kernels::causal_attention;
    attend(shape_of(q, k), {in(q), in(k), in(v)}, out(y), out(lse));
    ctx->save_for_backward({q, k, v, y, lse});
    ctx->saved_data["pairs"] = pairs;
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    const bool pairs = ctx->saved_data["pairs"].toBool();
    const auto descend = pairs ? kernels::causal_attention_pairs_grad : kernels::causal_attention_grad;
    descend(shape_of(q, k), {in(q), in(k), in(v)}, in(saved[3]), in(saved[4]), in(dy), {out(dq), out(dk), out(dv)});
    return {dq, dk, dv, at::Tensor()};
  }
};

}  // namespace

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::ScalarType compute) {
  const bool own = q.scalar_type() == at::kFloat && q.device().is_cpu() && q.size(0) == 1;
  if (!own) return composed::attention(q, k, v, {});
  return CausalAttention::apply(q, k, v, compute == at::kBFloat16 && kernels::multiplies_pairs());
}

namespace composed {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask) {
  const bool causal = !mask.defined();
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2),
                                          causal ? std::nullopt : std::optional<at::Tensor>(mask), 0.0, causal,
                                          std::nullopt, q.size(2) != k.size(2))
      .transpose(1, 2);
}

}  // namespace composed
}  // namespace ar::models
