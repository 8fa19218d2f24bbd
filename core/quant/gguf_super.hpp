#pragma once

#include <cstdint>

#include "core/quant/gguf_grid.hpp"

/// What happens once a super-block: its scales and minima are quantized a second time, and what a file stores of them
/// is derived. Scalar, shared by the reference and the vector kernels.
namespace ar::quant {

/// Scales or minima of a super-block after their own quantization: value = super * code.
struct SecondLevel {
  float value[kMaxGroups];
  float super;
  float code[kMaxGroups];
  bool inside[kMaxGroups];  // not clamped
  float inverse;            // code = round(x * inverse)
  int64_t extreme;          // the element that super was taken from
};

/// data_types.md 9.3, dqpos: codes up to `top`, of numbers that are at least 0.
SecondLevel quantize_positive(const float* x, int64_t n, float top);
/// data_types.md 9.3, dqsym: codes -half .. half - 1.
SecondLevel quantize_signed(const float* x, int64_t n, float half);
/// data_types.md 9.5, QP: codes up to `top` and a factor that keep the weighted squared error small.
SecondLevel quantize_weighted(const float* x, int64_t n, float top, const float* weights);

/// Gradients through quantize_positive and quantize_signed (rounding passes them on): from those of the values to those
/// of x.
void backward_positive(const SecondLevel& level, const float* x, int64_t n, float top, const float* d_value,
                       float* d_x);
void backward_signed(const SecondLevel& level, const float* x, int64_t n, float half, const float* d_value, float* d_x);

/// The two levels of scales of a super-block: w ~ scale * code - min. min is 0 when sym.
struct BlockScales {
  float scale[kMaxGroups];
  float min[kMaxGroups];
  float super_scale;
  float super_min;
};

/// Stored scales, and how an element's code is found with them (data_types.md 9.7):
/// code = clamp(round((x + offset) * factor + shift), low, high) - low, with a division by factor for 2 bits.
struct BlockCoder {
  uint8_t scale_codes[kMaxGroups];
  uint8_t min_codes[kMaxGroups];
  float offset[kMaxGroups];
  float factor[kMaxGroups];
  float shift, low, high;
};
BlockCoder block_coder(const KGrid& grid, const BlockScales& block);

/// 1 / x, and 0 for what is too small to divide by (data_types.md 3.5).
float reciprocal(float x);

}  // namespace ar::quant
