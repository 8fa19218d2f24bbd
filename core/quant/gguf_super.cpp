#include "core/quant/gguf_super.hpp"

#include <algorithm>
#include <cmath>

#include "core/quant/gguf_sum.hpp"
#include "core/tensor/real.hpp"

namespace ar::quant {
namespace {

void round_values(SecondLevel& level, const float* x, int64_t n, float low, float high) {
  for (int64_t i = 0; i < n; ++i) {
    const float code = std::nearbyint(x[i] * level.inverse);
    level.inside[i] = code >= low && code <= high;
    level.code[i] = std::min(std::max(code, low), high);
    level.value[i] = level.code[i] * level.super;
  }
}

struct Backward {
  float d_super;
  float d_inverse;
};

/// The parts that both forms share: d_x of the rounded products, and what is left for super and inverse.
Backward backward_values(const SecondLevel& level, const float* x, int64_t n, const float* d_value, float* d_x) {
  Backward sums{0.0f, 0.0f};
  for (int64_t i = 0; i < n; ++i) {
    const float d_code = level.inside[i] ? d_value[i] * level.super : 0.0f;
    sums.d_super += d_value[i] * level.code[i];
    sums.d_inverse += d_code * x[i];
    d_x[i] = d_code * level.inverse;
  }
  return sums;
}

float clamped_code(float x, float low, float high) { return std::min(std::max(std::nearbyint(x), low), high); }

float squared_error(const float* x, int64_t n, float top, const float* weights, float scale, float inverse) {
  return group_sum(n, [&](int64_t i) {
    const float error = x[i] - scale * std::min(std::nearbyint(inverse * x[i]), top);
    return weights[i] * error * error;
  });
}

}  // namespace

float reciprocal(float x) { return std::fabs(x) >= 1e-30f ? 1.0f / x : 0.0f; }

SecondLevel quantize_positive(const float* x, int64_t n, float top) {
  SecondLevel level;
  level.extreme = std::max_element(x, x + n) - x;
  const float largest = std::max(x[level.extreme], 0.0f);
  level.super = largest / top;
  level.inverse = std::max(top * reciprocal(largest), 0.0f);
  round_values(level, x, n, -INFINITY, top);
  return level;
}

SecondLevel quantize_signed(const float* x, int64_t n, float half) {
  SecondLevel level;
  level.extreme = 0;
  for (int64_t i = 1; i < n; ++i)
    if (std::fabs(x[i]) > std::fabs(x[level.extreme])) level.extreme = i;
  level.super = x[level.extreme] / -half;
  level.inverse = reciprocal(level.super);
  round_values(level, x, n, -half, half - 1);
  return level;
}

SecondLevel quantize_weighted(const float* x, int64_t n, float top, const float* weights) {
  SecondLevel level;
  level.extreme = std::max_element(x, x + n) - x;
  const float largest = x[level.extreme];
  level.inverse = reciprocal(largest / top);
  float best = squared_error(x, n, INFINITY, weights, largest / top, level.inverse);
  for (int k = -4; k <= 4; ++k) {
    if (k == 0) continue;
    const float scale = largest / static_cast<float>(0.1 * k + top);
    const float inverse = reciprocal(scale);
    const float error = squared_error(x, n, top, weights, scale, inverse);
    if (!(error < best)) continue;
    best = error;
    level.inverse = inverse;
  }
  for (int64_t i = 0; i < n; ++i) level.code[i] = std::min(std::nearbyint(level.inverse * x[i]), top);
  const float products = group_sum(n, [&](int64_t i) { return weights[i] * x[i] * level.code[i]; });
  const float squares = group_sum(n, [&](int64_t i) { return weights[i] * level.code[i] * level.code[i]; });
  level.super = squares > 0.0f ? products / squares : largest / top;
  for (int64_t i = 0; i < n; ++i) level.value[i] = level.super * level.code[i];
  return level;
}

void backward_positive(const SecondLevel& level, const float* x, int64_t n, float top, const float* d_value,
                       float* d_x) {
  const Backward sums = backward_values(level, x, n, d_value, d_x);
  const float inverse = reciprocal(std::max(x[level.extreme], 0.0f));
  d_x[level.extreme] += sums.d_super / top - sums.d_inverse * top * inverse * inverse;
}

void backward_signed(const SecondLevel& level, const float* x, int64_t n, float half, const float* d_value,
                     float* d_x) {
  const Backward sums = backward_values(level, x, n, d_value, d_x);
  d_x[level.extreme] += (sums.d_super - sums.d_inverse * level.inverse * level.inverse) / -half;
}

BlockCoder block_coder(const KGrid& grid, const BlockScales& block) {
  BlockCoder coder;
  const bool signed_codes = grid.sym;
  const float low = signed_codes ? -grid.super_top() : 0.0f;
  const float high = signed_codes ? grid.super_top() - 1 : grid.super_top();
  const float inverse_scale = reciprocal(block.super_scale), inverse_min = reciprocal(block.super_min);
  const float stored_scale = tensor::round_to_f16(block.super_scale),
              stored_min = tensor::round_to_f16(block.super_min);
  coder.shift = grid.bits == 6 ? 32.0f : -0.0f;
  coder.low = grid.bits == 3 ? -4.0f : 0.0f;
  coder.high = grid.bits == 3 ? 3.0f : grid.top();
  for (int64_t g = 0; g < grid.groups(); ++g) {
    const float scale_code = clamped_code(block.scale[g] * inverse_scale, low, high);
    const float min_code = grid.sym ? 0.0f : clamped_code(block.min[g] * inverse_min, 0.0f, grid.super_top());
    // Q3_K stores scale + 32, Q6_K the byte of the signed scale.
    coder.scale_codes[g] = static_cast<uint8_t>(static_cast<int>(scale_code) + (grid.bits == 3 ? 32 : 0));
    coder.min_codes[g] = static_cast<uint8_t>(min_code);
    if (grid.bits == 2 || grid.bits == 3) {  // the scales as they were before the file's rounding
      coder.offset[g] = grid.sym ? -0.0f : block.min[g];
      coder.factor[g] = grid.sym ? reciprocal(block.scale[g]) : block.scale[g];
    } else {
      const float decoded = stored_scale * scale_code;
      coder.offset[g] = grid.sym ? -0.0f : stored_min * min_code;
      coder.factor[g] = reciprocal(decoded != 0.0f ? decoded : 1.0f);
    }
  }
  return coder;
}

}  // namespace ar::quant
