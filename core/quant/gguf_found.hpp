#pragma once

#include <vector>

#include "core/quant/data_type.hpp"
#include "core/quant/gguf_search.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/scale_search.hpp"

namespace ar::quant {

/// checked_importance of a matrix; empty where that is null.
Importance importance_of(const QuantizeOptions& options, const IntGrid& grid);
KImportance k_importance(const QuantizeOptions& options, const KGrid& grid);

/// Scales of GGUF's blocks of 32 as they are stored, in float16, found by a search: Q4_0, Q5_0 and Q8_0 as optimized
/// rounding has them (gguf_block_search.hpp); Q4_1 and Q5_1 with their minima, as Q4_K and Q5_K have them before their
/// second level.
class FoundBlockScales {
 public:
  /// Idle unless the options ask for a search and the grid is one of those.
  FoundBlockScales(const IntGrid& grid, const QuantizeOptions& options);
  bool active() const { return !scale_.empty(); }
  /// [any] on disjoint ranges.
  void find(tensor::ConstReals weight, RowRange rows);
  void give(IntTuning& layer) const;

 private:
  void find_minima(tensor::ConstReals weight, RowRange rows);

  IntGrid grid_;
  KGrid k_grid_;           // with minima
  at::Tensor importance_;  // what the weights borrow
  Importance weights_;
  KImportance k_weights_;
  std::vector<float> scale_, min_;  // [rows, groups]; min_ is empty where there are none
};

}  // namespace ar::quant
