#pragma once

#include <cstdint>

#include "core/tensor/real.hpp"

/// Products of bfloat16 matrices with float32 sums, for processors that multiply pairs of bfloat16 (AVX512_BF16). Their
/// operands are words: two neighbours along the summed dimension, the first in the lower half. Single-threaded.
namespace ar::tensor {

/// Columns of a panel: three vectors, which with eight rows of the left operand fill the registers.
constexpr int64_t kPanel = 48;

/// Whether products go through here: the processor multiplies pairs and has no tile unit (AMX), which LibTorch's products
/// use better still.
bool has_pair_products();

/// Left operand: word (row i, pair k) is data[i * row_stride + k * pair_stride].
struct PairRows {
  const uint32_t* data;
  int64_t row_stride;
  int64_t pair_stride;
};

/// Panels of kPanel columns, one after the other: word (pair k, column j) is
/// data[j / kPanel * panel_stride + k * kPanel + j % kPanel].
struct PairPanels {
  uint32_t* data;
  int64_t panel_stride;
};
constexpr int64_t panels_of(int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/// c [rows, columns] = a b, summed over `pairs` words. Panels are read whole, whatever their unused columns hold.
void pair_product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                  int64_t c_stride);

/// Pairs of consecutive rows of x [rows, columns]: word k holds rows 2k and 2k + 1, the row after an odd last one being
/// zero. The first form rounds to the nearest bfloat16, and keeps that in `rounded` too, as x is.
void pack_row_pairs(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded);
void pack_row_pairs(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to);

/// x [rows, 2 pairs] turned over: its rows become columns of the panels.
void pack_turned(const Bf16* x, int64_t rows, int64_t pairs, const PairPanels& to);

/// Plain loops; what other processors run.
namespace reference {
void pair_product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                  int64_t c_stride);
void pack_row_pairs(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded);
void pack_row_pairs(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to);
void pack_turned(const Bf16* x, int64_t rows, int64_t pairs, const PairPanels& to);
}  // namespace reference

}  // namespace ar::tensor
