#include "core/tune/loss.hpp"

#include <ATen/ops/empty_like.h>

#include "core/base/error.hpp"

namespace ar::tune {

SampleLoss squared_error(const at::Tensor& prediction, const at::Tensor& target, const std::vector<uint8_t>& kept,
                         float factor) {
  const at::Tensor p = prediction.detach().contiguous();
  const at::Tensor t = target.to(at::kFloat).contiguous();
  const int64_t tokens = t.size(0);
  const int64_t width = t.size(1);
  if (p.numel() != t.numel()) base::fail("the output has {} values, its target {}", p.numel(), t.numel());
  SampleLoss loss;
  loss.gradient = at::empty_like(p);
  const float* a = p.const_data_ptr<float>();
  const float* b = t.const_data_ptr<float>();
  float* g = loss.gradient.mutable_data_ptr<float>();
  for (int64_t row = 0; row < tokens; ++row) {
    const float mask = kept[static_cast<std::size_t>(row)] != 0 ? 1.0F : 0.0F;
    double sum = 0.0;
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      const float d = mask * (a[i] - b[i]);
      sum += static_cast<double>(d) * d;
      g[i] = 2.0F * factor * d;
    }
    loss.sum += sum;
  }
  return loss;
}

}  // namespace ar::tune
