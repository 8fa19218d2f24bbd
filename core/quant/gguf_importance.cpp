#include <algorithm>
#include <cmath>

#include "core/quant/gguf_search.hpp"
#include "core/quant/gguf_sum.hpp"

namespace ar::quant {
namespace {

constexpr float kNothing = 1e-30f;  // importance up to this counts as zero

/// |w|, from 4 bits on with the group's spread on top. The divisor is 32 for groups of 16 too, as upstream has it.
void weights_of(const float* w, int64_t size, int bits, float* weights) {
  const float spread = bits > 3 ? std::sqrt(group_sum(size, [&](int64_t k) { return w[k] * w[k]; }) / 32.0f) : 0.0f;
  for (int64_t k = 0; k < size; ++k) weights[k] = std::fabs(w[k]) + spread;
}

}  // namespace

KImportance::KImportance(const KGrid& grid, const float* importance) : grid_(grid) {
  if (std::all_of(importance, importance + grid.cols, [](float x) { return x == 0.0f; })) return;
  importance_ = importance;
  has_zero_ = std::any_of(importance, importance + grid.cols, [](float x) { return x == 0.0f; });
  for (int64_t column = 0; column < grid.cols; column += grid.group())
    group_sums_.push_back(group_sum(grid.group(), [&](int64_t k) { return importance[column + k]; }));
}

void KImportance::sums(tensor::ConstReals weight, int64_t offset, float* sums) const {
  const int64_t column = offset % grid_.cols, size = grid_.group();
  if (!has_zero_) {
    std::copy_n(group_sums_.begin() + column / size, grid_.groups(), sums);
    return;
  }
  float w[kMaxGroup], weights[kMaxGroup];
  for (int64_t g = 0; g < grid_.groups(); ++g) {
    for (int64_t k = 0; k < size; ++k) w[k] = tensor::real_at(weight, offset + g * size + k);
    fill(w, column + g * size, weights);
    sums[g] = group_sum(size, [&](int64_t k) { return weights[k]; });
  }
}

void KImportance::fill(const float* w, int64_t column, float* weights) const {
  const int64_t size = grid_.group();
  const float* from = importance_ + column;
  std::copy(from, from + size, weights);
  if (!has_zero_) return;
  const auto zeros = std::count_if(from, from + size, [](float x) { return x <= kNothing; });
  // Upstream counts against 16 for groups of 16 with 3 and 6 bits: one all zero would divide 0 by 0 there.
  const int64_t most = grid_.bits == 2 ? 8 : std::min<int64_t>(16, size - 1);
  if (zeros > most) return weights_of(w, size, grid_.bits, weights);
  if (zeros == 0) return;
  const float mean = group_sum(size, [&](int64_t k) { return from[k]; }) / static_cast<float>(size - zeros);
  std::replace(weights, weights + size, 0.0f, mean);
}

SearchSteps search_steps(int bits, bool importance) {
  const double first = importance ? -0.9 : bits == 4 ? -1.0 : -0.5;
  const double step = importance ? 0.05 : 0.1;
  const int count = importance ? 36 : bits == 4 ? 20 : 15;
  SearchSteps steps;
  steps.absolute = bits == 2 && !importance;
  for (int i = 0; i < count; ++i) steps.divisors.push_back(static_cast<float>(first + step * i + ((1 << bits) - 1)));
  return steps;
}

std::vector<float> search_factors(int bits) {
  const double half = 1 << (bits - 1);
  std::vector<float> factors{static_cast<float>(-half)};
  for (int k = -9; k <= 9; ++k)
    if (k != 0) factors.push_back(static_cast<float>(-(half + -0.1 * k)));
  return factors;
}

}  // namespace ar::quant
