#pragma once

#include <cstdint>

#include "core/quant/int_grid.hpp"
#include "core/quant/step.hpp"
#include "core/tensor/real.hpp"

namespace ar::quant {

/// What is stored of a layer, to be read. All start at row 0.
struct StoredIntPlanes {
  const uint8_t* codes;     // [rows, cols]
  const float* scale;       // [rows, groups]
  const float* zero_point;  // [rows, groups]; null: 2^(bits - 1)
};

/// scale * (code - zero point) of some rows. Zeros are positive: codes do not keep the sign that upstream's
/// scale * round(W / scale) may give them. `to` starts at row 0. [any] on disjoint ranges.
void dequantize_rows(const IntGrid& grid, const StoredIntPlanes& planes, RowRange rows, tensor::Reals to);

namespace reference {
/// The same one element at a time; equal bit for bit.
void dequantize_rows(const IntGrid& grid, const StoredIntPlanes& planes, RowRange rows, tensor::Reals to);
}  // namespace reference

}  // namespace ar::quant
