#pragma once

#include <cstdint>
#include <vector>

#include "core/quant/int_tuning.hpp"

/// Scale search of optimized RTN for symmetric integers (data_types.md 4.3): of about 200 scales per group the one with
/// the least (weighted) squared error, the first among equals.
namespace ar::quant {

/// The divisors f to try, in order: scale = -extreme / f. The first is 2^(bits-1), the unsearched scale.
/// ratio is AR_SEARCH_SCALE_RATIO (0.75), the half width of the range relative to 2^(bits-1); 2 bits have their own
/// range.
std::vector<float> search_divisors(int bits, double ratio);

/// Weights of the columns' errors, from an importance vector (algorithm.md 8.3, zero handling).
class Importance {
 public:
  Importance() = default;                                    // uniform
  Importance(const float* importance, const IntGrid& grid);  // [cols], borrowed
  bool uniform() const { return importance_ == nullptr; }
  /// Weights of group g of a row for the weights w, [size].
  void fill(const float* w, int64_t g, int64_t size, bool bf16, float* weights) const;
  /// The weights of group g where they do not depend on w, else null.
  const float* fixed(int64_t g) const { return has_zero_ ? nullptr : importance_ + g * grid_.group; }

 private:
  const float* importance_ = nullptr;
  IntGrid grid_;
  bool has_zero_ = false;
};

/// Scales of the rows, in the weight's dtype and without the floor; scratch holds 2 * grid.group floats.
void search_scales(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
                   const Importance& importance, float* scratch, float* scales);

namespace reference {
/// The same one element at a time; equal bit for bit.
void search_scales(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const std::vector<float>& divisors,
                   const Importance& importance, float* scratch, float* scales);
}  // namespace reference

}  // namespace ar::quant
