#pragma once

#include <cstdint>
#include <vector>

/// What the scale search needs to leave out candidates that cannot win (pruned_search-inl.hpp).
namespace ar::quant {

constexpr int64_t kDivisorSpan = 8;
constexpr int64_t kMaxDivisors = 32 * kDivisorSpan;

/// The divisors of search_divisors in falling order, the last one again behind them.
struct DivisorOrder {
  int64_t n = 0;  // 0: too many of them, or not all positive
  alignas(64) float divisor[kMaxDivisors];
  int32_t rank[kMaxDivisors];  // position in the order of the search
  explicit DivisorOrder(const std::vector<float>& divisors);
  int64_t spans() const { return (n + kDivisorSpan - 1) / kDivisorSpan; }
};

/// Bounds between a candidate's loss and the distance of its scale: loss >= (keep * distance - loose * norm)^2.
/// `rounding` covers what float32 loses in the bounds themselves.
struct SearchSlack {
  float keep, loose, rounding;
};

constexpr int64_t kMaxPrunedGroup = 1 << 16;  // the bounds of longer groups rule out little

/// Sums over n elements are off by n * 2^-24 at most. In bfloat16 the product of scale and level is off by 2^-8 of
/// itself, and the error is too; the norm of the products is at most that of the group plus that of the errors. 2^-18
/// of the norm is more than float32 loses in a quotient and a product, and than what underflows in a group of
/// usual_range.
inline SearchSlack search_slack(int64_t n, bool narrow) {
  const float rounding = static_cast<float>(n) * 0x1p-23f + 0x1p-14f;
  return narrow ? SearchSlack{1.0f - 0x1p-7f - rounding, 0x1p-8f + 0x1p-18f, rounding}
                : SearchSlack{1.0f - rounding, 0x1p-18f, rounding};
}

/// Whether squares, quotients and their sums stay far from the ends of float32.
inline bool usual_range(float extreme, float norm) {
  const auto within = [](float x) { return x >= 0x1p-40f && x <= 0x1p40f; };
  return within(extreme < 0 ? -extreme : extreme) && within(norm);
}

}  // namespace ar::quant
