#pragma once

#include <algorithm>
#include <cstdint>

#include "core/quant/step.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::quant {

/// Calls body(RowRange) on pieces of a matrix in parallel. The cut depends on the shape alone; pieces begin at multiples
/// of `step` rows.
template <typename Body>
void for_row_chunks(int64_t rows, int64_t cols, Body body, int64_t step = 1) {
  constexpr int64_t kElementsPerTask = 1 << 16;
  const int64_t wanted = std::max<int64_t>(1, kElementsPerTask / std::max<int64_t>(1, cols));
  const int64_t chunk = (wanted + step - 1) / step * step;
  tensor::parallel_chunks(rows, chunk, [&](int64_t begin, int64_t end) { body(RowRange{begin, end}); });
}

}  // namespace ar::quant
