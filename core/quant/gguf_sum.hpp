#pragma once

#include <cstdint>

namespace ar::quant {

/// Sum of term(i) over a group of 8, 16 or 32 as torch adds them up: eight interleaved sums, then those in order. The
/// searches compare such sums, so another order would pick other candidates.
template <typename Term>
float group_sum(int64_t n, Term term) {
  float total = 0.0f;
  for (int64_t lane = 0; lane < 8; ++lane) {
    float sum = 0.0f;
    for (int64_t i = lane; i < n; i += 8) sum += term(i);
    total += sum;
  }
  return total;
}

}  // namespace ar::quant
