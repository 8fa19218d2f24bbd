#include "core/tensor/elementwise.hpp"

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

template <typename From, typename To>
void convert_rows(const From* from, To* to, int64_t n) {
  int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes)
    for (int64_t j = i; j < i + kSumLanes; j += hn::Lanes(F32())) store_or_nan(load(from + j), to + j);
  for (; i < n; ++i) {
    if constexpr (std::is_same_v<To, float>)
      to[i] = to_f32(from[i]);
    else
      to[i] = to_bf16(to_f32(from[i]));
  }
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

void Convert(ConstReals from, Reals to, int64_t n) {
  with_type(from.type, [&](auto f) {
    with_type(to.type, [&](auto t) {
      convert_rows(static_cast<const decltype(f)*>(from.data), static_cast<decltype(t)*>(to.data), n);
    });
  });
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

HWY_EXPORT(Convert);
HWY_EXPORT(RowError);

constexpr int64_t kRowsPerTask = 64;

size_t size_of(Real type) { return type == Real::kF32 ? sizeof(float) : sizeof(Bf16); }

}  // namespace

void convert(ConstReals from, Reals to, int64_t n) { HWY_DYNAMIC_DISPATCH(Convert)(from, to, n); }

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
  for (int64_t i = 0; i < n; ++i)
    if ((bits[i] & exponent) == exponent) return i;
  return -1;
}

}  // namespace ar::tensor
#endif
