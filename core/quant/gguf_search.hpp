#pragma once

#include <cstdint>
#include <vector>

#include "core/quant/gguf_grid.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

/// Search of a group's scale and minimum for the K types (data_types.md 9.5): the first of a few dozen candidates with
/// the least weighted error.
namespace ar::quant {

/// Weights of the columns' errors. Without an importance vector they follow from the weight itself.
class KImportance {
 public:
  KImportance() = default;
  /// [cols], borrowed. One that sums to 0 counts as none.
  KImportance(const KGrid& grid, const float* importance);
  bool given() const { return importance_ != nullptr; }
  /// Weights of the group that begins at `column` for its elements w.
  void fill(const float* w, int64_t column, float* weights) const;
  /// Their sums over each group of the super-block that begins at element `offset` of the weight.
  void sums(tensor::ConstReals weight, int64_t offset, float* sums) const;

 private:
  KGrid grid_;
  const float* importance_ = nullptr;
  bool has_zero_ = false;          // then the weights of a group depend on its elements
  std::vector<float> group_sums_;  // of a row, when it has no zero
};

/// Candidates of the asymmetric search: the range divided by `divisors`, each then refined by least squares.
struct SearchSteps {
  std::vector<float> divisors;
  bool absolute;  // error of an element: absolute or squared
};
SearchSteps search_steps(int bits, bool importance);

/// Candidates of the symmetric search, relative to 1 / extreme, the unsearched one (-half) first.
std::vector<float> search_factors(int bits);

/// Scale of every group of the rows, w ~ scale * code - min. `scale` and `min` start at row 0, [rows, cols / group];
/// min is null when sym.
void search_scales(const KGrid& grid, tensor::ConstReals weight, RowRange rows, const KImportance& importance,
                   float* scale, float* min);

namespace reference {
/// The same one element at a time; equal bit for bit.
void search_scales(const KGrid& grid, tensor::ConstReals weight, RowRange rows, const KImportance& importance,
                   float* scale, float* min);
}  // namespace reference

}  // namespace ar::quant
