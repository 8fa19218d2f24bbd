#include "core/tune/loss.hpp"

#include <ATen/ops/empty_like.h>

#include "core/base/error.hpp"
#include "core/quant/planes.hpp"
#include "core/tensor/elementwise.hpp"

namespace ar::tune {

SampleLoss squared_error(const at::Tensor& prediction, const at::Tensor& target, const std::vector<uint8_t>& kept,
                         float factor) {
  const at::Tensor p = prediction.detach().contiguous();
  const at::Tensor t = target.contiguous();
  if (p.numel() != t.numel()) base::fail("the output has {} values, its target {}", p.numel(), t.numel());
  SampleLoss loss;
  loss.gradient = at::empty_like(p);
  loss.sum = tensor::squared_error({quant::reals_of(p), quant::reals_of(t), t.size(0), t.size(1), kept.data()},
                                   2.0F * factor, quant::mutable_reals_of(loss.gradient));
  return loss;
}

}  // namespace ar::tune
