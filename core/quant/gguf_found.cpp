#include "core/quant/gguf_found.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace ar::quant {
namespace {

constexpr int64_t kBlock = 32;
constexpr float kLeastHalf = 0x1p-24f;  // of float16, above 0

bool has_minima(const IntGrid& grid) {
  return grid.real_zero && (grid.bits == 4 || grid.bits == 5) && grid.group == kBlock && grid.cols % kBlock == 0;
}

}  // namespace

KImportance k_importance(const QuantizeOptions& options, const KGrid& grid) {
  if (!options.search || !options.importance.defined()) return {};
  if (options.importance.scalar_type() != at::kFloat || !options.importance.is_contiguous() ||
      options.importance.numel() != grid.cols)
    base::fail("importance has {} values, the weight {} columns", options.importance.numel(), grid.cols);
  return {grid, options.importance.const_data_ptr<float>()};
}

FoundMinima::FoundMinima(const IntGrid& grid, const QuantizeOptions& options) : importance_(options.importance) {
  if (!options.search || !has_minima(grid)) return;
  grid_.bits = grid.bits;
  grid_.rows = grid.rows;
  grid_.cols = grid.cols;
  weights_ = k_importance(options, grid_);
  scale_.resize(static_cast<size_t>(grid.rows * grid.groups()));
  min_.resize(scale_.size());
}

void FoundMinima::find(tensor::ConstReals weight, RowRange rows) {
  search_scales(grid_, weight, rows, weights_, scale_.data(), min_.data());
  const int64_t groups = grid_.cols / kBlock;
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
