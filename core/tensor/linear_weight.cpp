#include "core/tensor/linear_weight.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/tensor/matmul.hpp"
#include "core/tensor/pair_product.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::tensor {
namespace {

constexpr int64_t kRows = 128;  // of a piece: small enough to share a product with a thread that has nothing else to do

bool in_pairs(const at::Tensor& w) {
  return has_pair_products() && w.scalar_type() == at::kBFloat16 && w.is_cpu() && w.is_contiguous() &&
         w.size(0) % 2 == 0 && w.size(1) % 2 == 0;
}

/// Panels for a right operand of `pairs` words by `columns`; what is beyond the columns stays zero.
at::Tensor make_panels(int64_t columns, int64_t pairs) {
  return at::zeros({panels_of(columns), pairs, kPanel}, at::kInt);
}
PairPanels panels(const at::Tensor& t) { return {static_cast<uint32_t*>(t.mutable_data_ptr()), t.size(1) * kPanel}; }

const Bf16* bf16(const at::Tensor& t) { return static_cast<const Bf16*>(t.const_data_ptr()); }

at::Tensor product(const at::Tensor& x, const at::Tensor& packed, int64_t columns) {
  const at::Tensor left = x.contiguous();
  const int64_t pairs = left.size(1) / 2;
  at::Tensor y = at::empty({left.size(0), columns}, at::kFloat);
  const auto* words = static_cast<const uint32_t*>(left.const_data_ptr());
  auto* to = y.mutable_data_ptr<float>();
  parallel_chunks(left.size(0), kRows, [&](int64_t begin, int64_t end) {
    pair_product({words + begin * pairs, pairs, 1}, end - begin, panels(packed), columns, pairs, to + begin * columns,
                 columns);
  });
  return y;
}

}  // namespace

LinearWeight::LinearWeight(const at::Tensor& w, bool with_backward) : values_(w) {
  if (!in_pairs(w)) return;
  by_out_ = make_panels(w.size(0), w.size(1) / 2);
  if (with_backward) by_in_ = make_panels(w.size(1), w.size(0) / 2);
  parallel_chunks(w.size(0), 2 * kPanel, [&](int64_t begin, int64_t end) { refresh(begin, end); });
}

void LinearWeight::refresh(int64_t begin, int64_t end) {
  if (!by_out_.defined()) return;
  const int64_t in = values_.size(1);
  const Bf16* rows = bf16(values_) + begin * in;
  const PairPanels columns = panels(by_out_);
  pack_turned(rows, end - begin, in / 2, {columns.data + begin / kPanel * columns.panel_stride, columns.panel_stride});
  if (!by_in_.defined()) return;
  const PairPanels to = panels(by_in_);
  pack_row_pairs(rows, end - begin, in, {to.data + begin / 2 * kPanel, to.panel_stride});
}

at::Tensor LinearWeight::forward(const at::Tensor& x) const {
  return by_out_.defined() ? product(x, by_out_, values_.size(0)) : matmul_nt(x, values_).to(at::kFloat);
}
at::Tensor LinearWeight::backward(const at::Tensor& dy) const {
  return by_in_.defined() ? product(dy, by_in_, values_.size(1)) : matmul_nn(dy, values_).to(at::kFloat);
}

}  // namespace ar::tensor
