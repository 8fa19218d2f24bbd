#include "core/quant/gguf_search.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_search-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// What the searches of one matrix share.
struct SearchPlan {
  const KGrid& grid;
  const KImportance& importance;
  SearchSteps steps;
  std::vector<float> factors;
};

template <int64_t kGroup>
void search_batch(const SearchPlan& plan, Batch& batch) {
  const KGrid& grid = plan.grid;
  if (grid.bits == 3 && !plan.importance.given()) return descend_codes<kGroup>(batch, grid.half());
  for (int64_t j = 0; j < batch.n; j += hn::Lanes(F32())) {
    if (grid.sym)
      search_symmetric<kGroup>(batch, j, grid.half(), plan.factors);
    else if (plan.steps.absolute)
      search_affine<kGroup, true>(batch, j, grid.top(), plan.steps.divisors);
    else
      search_affine<kGroup, false>(batch, j, grid.top(), plan.steps.divisors);
  }
}

/// Lays `n` groups from element `first` on across the batch, the last one again in the lanes behind it.
template <int64_t kGroup, typename W>
void load_batch(const SearchPlan& plan, const W* weight, int64_t first, int64_t n, Batch& batch) {
  batch.n = n;
  const int64_t padded = (n + kSumLanes - 1) / kSumLanes * kSumLanes;
  float x[kGroup], weights[kGroup];
  for (int64_t g = 0; g < padded; ++g) {
    const int64_t from = first + std::min(g, n - 1) * kGroup;
    for (int64_t k = 0; k < kGroup; ++k) batch.x[k][g] = x[k] = tensor::to_f32(weight[from + k]);
    if (!plan.importance.given()) continue;
    plan.importance.fill(x, from % plan.grid.cols, weights);
    for (int64_t k = 0; k < kGroup; ++k) batch.weights[k][g] = weights[k];
  }
  if (!plan.importance.given()) fill_weights<kGroup>(plan.grid, padded, batch);
}

template <int64_t kGroup, typename W>
void search_rows(const SearchPlan& plan, const W* weight, RowRange rows, float* scale, float* min) {
  const int64_t per_row = plan.grid.cols / kGroup;
  Batch batch;
  for (int64_t g = rows.begin * per_row; g < rows.end * per_row; g += kBatch) {
    load_batch<kGroup>(plan, weight, g * kGroup, std::min(kBatch, rows.end * per_row - g), batch);
    search_batch<kGroup>(plan, batch);
    std::copy_n(batch.scale, batch.n, scale + g);
    if (min != nullptr) std::copy_n(batch.min, batch.n, min + g);
  }
}

void KSearch(const KGrid& grid, ConstReals weight, RowRange rows, const KImportance& importance, float* scale,
             float* min) {
  const SearchPlan plan{grid, importance, search_steps(grid.bits, importance.given()), search_factors(grid.bits)};
  with_type(weight.type, [&](auto w) {
    const auto* from = static_cast<const decltype(w)*>(weight.data);
    if (grid.group() == 32)
      search_rows<32>(plan, from, rows, scale, min);
    else
      search_rows<16>(plan, from, rows, scale, min);
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(KSearch);
}

void search_scales(const KGrid& grid, tensor::ConstReals weight, RowRange rows, const KImportance& importance,
                   float* scale, float* min) {
  HWY_DYNAMIC_DISPATCH(KSearch)(grid, weight, rows, importance, scale, grid.sym ? nullptr : min);
}

}  // namespace ar::quant
#endif
