#pragma once

#include <cstdint>

namespace ar::quant {

/// Rows of a matrix that may be handled apart.
struct RowRange {
  int64_t begin;
  int64_t end;
};

/// Learning rates of one step.
struct SignStep {
  float lr;
  float lr_minmax;
};

}  // namespace ar::quant
