#include <algorithm>
#include <cmath>

#include "core/quant/scale_search.hpp"

namespace ar::quant {
namespace {

constexpr float kPadding = 1e-5f;   // importance of the columns that fill up a short last group
constexpr float kNothing = 1e-30f;  // importance up to this counts as zero

/// What replaces a group's importance when most of it is zero.
void fill_from_weights(const float* w, int64_t size, int bits, bool bf16, float* weights) {
  const auto narrow = [bf16](float x) { return bf16 ? tensor::round_to_bf16(x) : x; };
  float spread = 0.0f;
  if (bits > 3) {
    float squares = 0.0f;
    for (int64_t k = 0; k < size; ++k) squares += narrow(w[k] * w[k]);
    spread = narrow(std::sqrt(narrow(squares) / 32.0f));
  }
  for (int64_t k = 0; k < size; ++k) weights[k] = narrow(std::fabs(w[k]) + spread);
}

}  // namespace

Importance::Importance(const float* importance, const IntGrid& grid) : importance_(importance), grid_(grid) {
  has_zero_ = std::any_of(importance, importance + grid.cols, [](float x) { return x == 0.0f; });
}

void Importance::fill(const float* w, int64_t g, int64_t size, bool bf16, float* weights) const {
  const float* from = importance_ + g * grid_.group;
  std::copy(from, from + size, weights);
  if (!has_zero_) return;
  const auto zeros = std::count_if(from, from + size, [](float x) { return x <= kNothing; });
  // Upstream's threshold for one group a row comes out as -1: every row falls back.
  const int64_t threshold = grid_.group == grid_.cols && grid_.groups() == 1 ? -1 : grid_.group / 2;
  if (zeros > threshold) return fill_from_weights(w, size, grid_.bits, bf16, weights);
  if (zeros == 0) return;
  float sum = static_cast<float>(grid_.group - size) * kPadding;
  for (int64_t k = 0; k < size; ++k) sum += from[k];
  const float mean = sum / static_cast<float>(grid_.group - zeros);
  std::replace(weights, weights + size, 0.0f, mean);
}

}  // namespace ar::quant
