#include "core/tensor/pair_product.hpp"

namespace ar::tensor {
namespace {

uint32_t& word(const PairPanels& panels, int64_t pair, int64_t column) {
  return panels.data[column / kPanel * panels.panel_stride + pair * kPanel + column % kPanel];
}

float low(uint32_t word) { return float_of(word << 16); }
float high(uint32_t word) { return float_of(word & 0xffff0000u); }

}  // namespace

namespace reference {

void pack_turned(const Bf16* x, int64_t rows, int64_t pairs, const PairPanels& to) {
  for (int64_t first = 0; first < rows; first += kPanel) {
    const int64_t last = first + kPanel < rows ? first + kPanel : rows;
    for (int64_t k = 0; k < pairs; ++k) {
      uint32_t* out = &word(to, k, first);
      for (int64_t i = first; i < last; ++i, ++out) {
        const Bf16* pair = x + 2 * (i * pairs + k);
        *out = pair[0].bits | static_cast<uint32_t>(pair[1].bits) << 16;
      }
    }
  }
}

void pair_product(const PairRows& a, int64_t rows, const PairPanels& b, int64_t columns, int64_t pairs, float* c,
                  int64_t c_stride) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      float sum = 0.0f;
      for (int64_t k = 0; k < pairs; ++k) {
        const uint32_t x = a.data[i * a.row_stride + k * a.pair_stride];
        const uint32_t y = word(b, k, j);
        sum += low(x) * low(y) + high(x) * high(y);
      }
      c[i * c_stride + j] = sum;
    }
  }
}

void pack_row_pairs(const Bf16* x, int64_t rows, int64_t columns, const PairPanels& to) {
  for (int64_t i = 0; i < rows; i += 2) {
    for (int64_t j = 0; j < columns; ++j) {
      const uint32_t below = i + 1 < rows ? x[(i + 1) * columns + j].bits : 0u;
      word(to, i / 2, j) = x[i * columns + j].bits | below << 16;
    }
  }
}

void pack_row_pairs(const float* x, int64_t rows, int64_t columns, const PairPanels& to, Bf16* rounded) {
  for (int64_t i = 0; i < rows * columns; ++i) rounded[i] = to_bf16(x[i]);
  reference::pack_row_pairs(rounded, rows, columns, to);
}

}  // namespace reference
}  // namespace ar::tensor
