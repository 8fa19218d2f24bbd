#include "core/tensor/token_rows.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include "core/tensor/pair_product.hpp"

namespace ar::tensor {
namespace {

PairPanels panels(const at::Tensor& t) { return {static_cast<uint32_t*>(t.mutable_data_ptr()), t.size(1) * kPanel}; }
int64_t pairs_of(int64_t tokens) { return (tokens + 1) / 2; }

}  // namespace

TokenRows::TokenRows(int64_t samples, int64_t tokens, int64_t width, at::ScalarType compute)
    : tokens_(tokens), width_(width), paired_(compute == at::kBFloat16 && has_pair_products()) {
  rows_ = paired_ ? at::zeros({panels_of(width), samples * pairs_of(tokens), kPanel}, at::kInt)
                  : at::empty({samples * tokens, width}, compute);
}

at::Tensor TokenRows::put(int64_t sample, const at::Tensor& x) {
  at::NoGradGuard no_grad;
  if (!paired_) {
    at::Tensor rows = rows_.narrow(0, sample * tokens_, tokens_);
    rows.copy_(x);
    return rows;
  }
  at::Tensor rounded = at::empty({tokens_, width_}, at::kBFloat16);
  const PairPanels all = panels(rows_);
  pack_row_pairs(x.const_data_ptr<float>(), tokens_, width_,
                 {all.data + sample * pairs_of(tokens_) * kPanel, all.panel_stride},
                 static_cast<Bf16*>(rounded.mutable_data_ptr()));
  return rounded;
}

at::Tensor weight_gradient(const TokenRows& dy, int64_t begin, int64_t end, const TokenRows& x, int64_t samples) {
  at::NoGradGuard no_grad;
  if (!dy.paired_) {
    const int64_t used = samples * dy.tokens_;
    const at::Tensor left = dy.rows_.narrow(0, 0, used).narrow(1, begin, end - begin);
    return at::mm(left.t(), x.rows_.narrow(0, 0, used)).to(at::kFloat);
  }
  const int64_t pairs = samples * pairs_of(dy.tokens_);
  const PairPanels left = panels(dy.rows_), right = panels(x.rows_);
  at::Tensor gradient = at::empty({end - begin, x.width_}, at::kFloat);
  auto* to = gradient.mutable_data_ptr<float>();
  for (int64_t j = 0; j < x.width_; j += kPanel) {  // a panel of x is used by all rows while it is in the cache
    const PairPanels panel{right.data + j / kPanel * right.panel_stride, right.panel_stride};
    for (int64_t i = begin; i < end; i += kPanel) {
      const PairRows rows{left.data + i / kPanel * left.panel_stride, 1, kPanel};
      pair_product(rows, std::min(kPanel, end - i), panel, std::min(kPanel, x.width_ - j), pairs,
                   to + (i - begin) * x.width_ + j, x.width_);
    }
  }
  return gradient;
}

}  // namespace ar::tensor
