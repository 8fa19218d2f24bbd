#include "core/tensor/elementwise.hpp"
#include "core/tensor/lane_sum.hpp"

namespace ar::tensor::reference {
namespace {

float load(ConstReals from, int64_t i) {
  if (from.type == Real::kF32) return static_cast<const float*>(from.data)[i];
  return to_f32(static_cast<const Bf16*>(from.data)[i]);
}

void store(Reals to, int64_t i, float x) {
  if (to.type == Real::kF32)
    static_cast<float*>(to.data)[i] = x;
  else
    static_cast<Bf16*>(to.data)[i] = to_bf16(x);
}

}  // namespace

void round_all_to_bf16(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = round_to_bf16(x[i]);
}

double squared_error(const LossInput& input, float factor, Reals grad) {
  double total = 0.0;
  for (int64_t row = 0; row < input.rows; ++row) {
    const bool kept = input.keep == nullptr || input.keep[row] != 0;
    LaneSum sum;
    for (int64_t k = 0; k < input.cols; ++k) {
      const int64_t i = row * input.cols + k;
      const float error = kept ? load(input.pred, i) - load(input.target, i) : 0.0f;
      sum.add(k, error * error);
      if (grad.data != nullptr) store(grad, i, kept ? factor * error : 0.0f);
    }
    total += sum.total();
  }
  return total;
}

}  // namespace ar::tensor::reference
