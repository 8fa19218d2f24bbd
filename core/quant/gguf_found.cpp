#include "core/quant/gguf_found.hpp"

#include <algorithm>

#include "core/quant/gguf_legacy.hpp"

namespace ar::quant {
namespace {

constexpr float kLeastHalf = 0x1p-24f;  // of float16, above 0

}  // namespace

KImportance k_importance(const QuantizeOptions& options, const KGrid& grid) {
  const float* importance = options.search ? checked_importance(options, grid.cols) : nullptr;
  return importance == nullptr ? KImportance() : KImportance(grid, importance);
}

FoundMinima::FoundMinima(const IntGrid& grid, const QuantizeOptions& options) : importance_(options.importance) {
  if (!options.search || !is_real_zero_block_grid(grid)) return;
  grid_.bits = grid.bits;
  grid_.rows = grid.rows;
  grid_.cols = grid.cols;
  weights_ = k_importance(options, grid_);
  scale_.resize(static_cast<size_t>(grid.rows * grid.groups()));
  min_.resize(scale_.size());
}

void FoundMinima::find(tensor::ConstReals weight, RowRange rows) {
  search_scales(grid_, weight, rows, weights_, scale_.data(), min_.data());
  const int64_t groups = grid_.cols / grid_.group();
  for (int64_t g = rows.begin * groups; g < rows.end * groups; ++g) {
    float& scale = scale_[static_cast<size_t>(g)];
    float& min = min_[static_cast<size_t>(g)];
    min = tensor::round_to_f16(min);
    scale = tensor::round_to_f16(scale);
    // Equal negative elements leave no range: code 0 is what they are. And a scale must be something to divide by.
    if (scale == 0.0f) scale = std::max(tensor::round_to_f16(min / grid_.top()), kLeastHalf);
  }
}

void FoundMinima::give(IntTuning& layer) const {
  layer.init_scale = scale_.data();
  layer.init_min = min_.data();
}

}  // namespace ar::quant
