#include "core/quant/gguf_found.hpp"

#include <algorithm>

#include "core/quant/gguf_block_search.hpp"
#include "core/quant/gguf_legacy.hpp"

namespace ar::quant {
namespace {

constexpr float kLeastHalf = 0x1p-24f;  // of float16, above 0

}  // namespace

Importance importance_of(const QuantizeOptions& options, const IntGrid& grid) {
  const float* importance = checked_importance(options, grid.cols);
  return importance == nullptr ? Importance() : Importance(importance, grid);
}

KImportance k_importance(const QuantizeOptions& options, const KGrid& grid) {
  const float* importance = checked_importance(options, grid.cols);
  return importance == nullptr ? KImportance() : KImportance(grid, importance);
}

FoundBlockScales::FoundBlockScales(const IntGrid& grid, const QuantizeOptions& options)
    : grid_(grid), importance_(options.importance) {
  const bool minima = is_real_zero_block_grid(grid);
  if (!options.search || !(minima || is_sym_block_grid(grid))) return;
  scale_.resize(static_cast<size_t>(grid.rows * grid.groups()));
  if (!minima) {
    weights_ = importance_of(options, grid);
    return;
  }
  min_.resize(scale_.size());
  k_grid_.bits = grid.bits;
  k_grid_.rows = grid.rows;
  k_grid_.cols = grid.cols;
  k_weights_ = k_importance(options, k_grid_);
}

void FoundBlockScales::find(tensor::ConstReals weight, RowRange rows) {
  if (!min_.empty()) return find_minima(weight, rows);
  round_searched_blocks(grid_, weight, rows, weights_, {nullptr, scale_.data(), nullptr});
  // A scale must be something to divide by.
  std::replace(scale_.begin() + rows.begin * grid_.groups(), scale_.begin() + rows.end * grid_.groups(), 0.0f,
               kLeastHalf);
}

void FoundBlockScales::find_minima(tensor::ConstReals weight, RowRange rows) {
  search_scales(k_grid_, weight, rows, k_weights_, scale_.data(), min_.data());
  for (int64_t g = rows.begin * grid_.groups(); g < rows.end * grid_.groups(); ++g) {
    float& scale = scale_[static_cast<size_t>(g)];
    float& min = min_[static_cast<size_t>(g)];
    min = tensor::round_to_f16(min);
    scale = tensor::round_to_f16(scale);
    // Equal negative elements leave no range: code 0 is what they are.
    if (scale == 0.0f) scale = std::max(tensor::round_to_f16(min / grid_.top()), kLeastHalf);
  }
}

void FoundBlockScales::give(IntTuning& layer) const {
  layer.init_scale = scale_.data();
  layer.init_min = min_.empty() ? nullptr : min_.data();
}

}  // namespace ar::quant
