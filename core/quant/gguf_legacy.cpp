#include "core/quant/gguf_legacy.hpp"

#include "core/base/error.hpp"
#include "core/quant/gguf_legacy_kernel.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/row_chunks.hpp"

namespace ar::quant {
namespace {

bool has_sym_blocks(bool sym, int bits, int64_t group, ScaleType scale_type) {
  return sym && (bits == 4 || bits == 5 || bits == 8) && group == 32 && scale_type == ScaleType::kF32;
}

}  // namespace

bool is_sym_block(const Scheme& scheme, ScaleType scale_type) {
  return scheme.data_type == "int" && has_sym_blocks(scheme.sym, scheme.bits, scheme.group_size, scale_type);
}

bool is_sym_block_grid(const IntGrid& grid) {
  return has_sym_blocks(grid.sym, grid.bits, grid.group, grid.scale_type) && grid.cols % grid.group == 0;
}

bool is_real_zero_block_grid(const IntGrid& grid) {
  return grid.real_zero && (grid.bits == 4 || grid.bits == 5) && grid.group == 32 && grid.cols % 32 == 0;
}

QuantizedWeight round_legacy_blocks(const at::Tensor& weight, const Scheme& scheme) {
  if (weight.dim() != 2) base::fail("a weight to quantize has {} dimensions, not 2", weight.dim());
  const bool bf16 = weight.scalar_type() == at::kBFloat16;
  const at::Tensor w = (bf16 ? weight : weight.to(at::kFloat)).contiguous();
  const IntGrid grid = make_grid(scheme, w.size(0), w.size(1), ScaleType::kF32);
  if (!is_real_zero_block_grid(grid) && !is_sym_block_grid(grid))
    base::refuse("{} of {} bits in groups of {}, {} columns: GGUF has no such block", scheme.data_type, scheme.bits,
                 scheme.group_size, grid.cols);
  const PlaneStore planes(grid);
  for_row_chunks(grid.rows, grid.cols, [&](RowRange rows) { round_legacy(grid, reals_of(w), rows, planes.view()); });
  return planes.to_weight(scheme, grid.rows, grid.cols, ScaleType::kF32);
}

}  // namespace ar::quant
