#pragma once

#include <vector>

#include "core/quant/data_type.hpp"
#include "core/quant/gguf_search.hpp"
#include "core/quant/int_tuning.hpp"

namespace ar::quant {

/// The importance that options give for a matrix, checked. Empty when they give none, or ask for no search.
KImportance k_importance(const QuantizeOptions& options, const KGrid& grid);

/// Scales and minima of Q4_1 and Q5_1, found as those of Q4_K and Q5_K are before their second level: the candidate of
/// least weighted error, then rounded to float16, as they are stored.
class FoundMinima {
 public:
  /// Idle unless the options ask for a search and the grid is GGUF's: real zero points, 4 or 5 bits, whole groups of 32.
  FoundMinima(const IntGrid& grid, const QuantizeOptions& options);
  bool active() const { return !scale_.empty(); }
  /// [any] on disjoint ranges.
  void find(tensor::ConstReals weight, RowRange rows);
  void give(IntTuning& layer) const;

 private:
  KGrid grid_;
  at::Tensor importance_;  // what weights_ borrows
  KImportance weights_;
  std::vector<float> scale_, min_;  // [rows, groups]
};

}  // namespace ar::quant
