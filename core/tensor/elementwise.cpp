#include "core/tensor/elementwise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <vector>

#include "core/tensor/lane_sum.hpp"
#include "core/tensor/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/tensor/elementwise.cpp"
#include <hwy/foreach_target.h>

#include "core/tensor/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::tensor::HWY_NAMESPACE {

void RoundToBf16(float* x, int64_t n) {
  int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes)
    for (int64_t j = i; j < i + kSumLanes; j += hn::Lanes(F32())) store(bf16_or_nan(load(x + j)), x + j);
  for (; i < n; ++i) x[i] = tensor::round_to_bf16(x[i]);
}

/// Squared error of one row of whole blocks; grad may be null.
template <typename P, typename T>
float row_error(const P* pred, const T* target, int64_t cols, float factor, P* grad) {
  const VF scale = hn::Set(F32(), factor);
  alignas(64) float lanes[kSumLanes] = {};
  const int64_t whole = cols / kSumLanes * kSumLanes;
  for (int64_t i = 0; i < whole; i += kSumLanes)
    for (int64_t j = 0; j < kSumLanes; j += hn::Lanes(F32())) {
      const VF error = hn::Sub(load(pred + i + j), load(target + i + j));
      add_to(hn::Mul(error, error), lanes + j);
      if (grad != nullptr) store_or_nan(hn::Mul(scale, error), grad + i + j);
    }
  for (int64_t i = whole; i < cols; ++i) {
    const float error = to_f32(pred[i]) - to_f32(target[i]);
    lanes[i % kSumLanes] += error * error;
    if (grad == nullptr) continue;
    if constexpr (std::is_same_v<P, float>)
      grad[i] = factor * error;
    else
      grad[i] = to_bf16(factor * error);
  }
  return tree_sum_lanes(lanes);
}

template <typename Body>
HWY_INLINE void with_type(Real type, Body body) {
  if (type == Real::kF32)
    body(float());
  else
    body(Bf16());
}

float RowError(const LossInput& in, int64_t row, float factor, void* grad) {
  float sum = 0.0f;
  with_type(in.pred.type, [&](auto p) {
    with_type(in.target.type, [&](auto t) {
      using P = decltype(p);
      const int64_t first = row * in.cols;
      sum = row_error(static_cast<const P*>(in.pred.data) + first,
                      static_cast<const decltype(t)*>(in.target.data) + first, in.cols, factor,
                      grad == nullptr ? nullptr : static_cast<P*>(grad) + first);
    });
  });
  return sum;
}

}  // namespace ar::tensor::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::tensor {
namespace {

HWY_EXPORT(RoundToBf16);
HWY_EXPORT(RowError);

constexpr int64_t kRowsPerTask = 64;

size_t size_of(Real type) { return type == Real::kF32 ? sizeof(float) : sizeof(Bf16); }

}  // namespace

void round_all_to_bf16(float* x, int64_t n) {
  constexpr int64_t kPiece = 1 << 16;
  const auto round = HWY_DYNAMIC_DISPATCH(RoundToBf16);
  parallel_chunks(n, kPiece, [&](int64_t begin, int64_t end) { round(x + begin, end - begin); });
}

double squared_error(const LossInput& input, float factor, Reals grad) {
  std::vector<float> sums(static_cast<size_t>(input.rows));
  const size_t row_bytes = static_cast<size_t>(input.cols) * size_of(grad.type);
  const auto row_error = HWY_DYNAMIC_DISPATCH(RowError);
  parallel_chunks(input.rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      if (input.keep == nullptr || input.keep[row] != 0)
        sums[static_cast<size_t>(row)] = row_error(input, row, factor, grad.data);
      else if (grad.data != nullptr)
        std::memset(static_cast<char*>(grad.data) + static_cast<size_t>(row) * row_bytes, 0, row_bytes);
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

int64_t first_nonfinite(const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!std::isfinite(x[i])) return i;
  return -1;
}

int64_t first_nonfinite(const void* x, int64_t n, uint16_t exponent) {
  const auto* bits = static_cast<const uint16_t*>(x);
  constexpr int64_t kPiece = 4096;  // searched only when something in it is not finite: without a way out the loop is vectors
  for (int64_t begin = 0; begin < n; begin += kPiece) {
    const int64_t end = std::min(n, begin + kPiece);
    unsigned found = 0;
    for (int64_t i = begin; i < end; ++i) found |= static_cast<unsigned>((bits[i] & exponent) == exponent);
    if (found != 0) return std::find_if(bits + begin, bits + end, [=](uint16_t x) { return (x & exponent) == exponent; }) - bits;
  }
  return -1;
}

}  // namespace ar::tensor
#endif
