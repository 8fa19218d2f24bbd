#include "core/quant/float_scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ar::quant {
namespace {

using tensor::bits_of;
using tensor::round_to_bf16;

constexpr float kSixth = 1.0f / 6.0f;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int kLeastExponent = -127, kMostExponent = 127;

float reciprocal(float x) { return x == 0.0f ? 0.0f : 1.0f / x; }

/// floor or ceil of the float32 logarithm, which near a power of two rounds to it (data_types.md 5.2). Elsewhere the
/// exponent field knows the answer.
template <typename Round>
float whole_log2(float x, bool up, Round round) {
  constexpr uint32_t kNear = 0x100;  // mantissas this close to a power of two may have a rounded logarithm
  const uint32_t bits = bits_of(x), mantissa = bits & 0x7fffffu;
  if (bits < 0x800000u || bits >= 0x7f800000u || mantissa < kNear || mantissa > 0x7fffffu - kNear)
    return round(std::log2(x));
  return static_cast<float>(static_cast<int>(bits >> 23) - (up ? 126 : 127));
}
float floor_log2(float x) {
  return whole_log2(x, false, [](float y) { return std::floor(y); });
}
float ceil_log2(float x) {
  return whole_log2(x, true, [](float y) { return std::ceil(y); });
}

/// Before it is limited.
float mx_exponent(const FloatKind& kind, float amax) {
  if (kind.rule == ScaleRule::kMxFloor)
    return (amax == 0.0f ? 1.0f : floor_log2(amax)) - static_cast<float>(kind.element.max_exponent());
  if (amax == 0.0f) return 1.0f;
  return ceil_log2(amax / (kind.rule == ScaleRule::kMxCeil ? kind.element.max : 7.25f));
}

float nv_argument(const FloatTuning& layer, float amax) { return layer.global_scale * (amax * kSixth); }

float fp_floor(const FloatKind& kind) { return static_cast<float>(1.0 / (double{kind.element.max} * 512.0)); }

/// Before the floor.
float fp_scale(const FloatTuning& layer, float amax) {
  const float scale = amax / layer.grid.kind.element.max;
  return layer.narrow ? round_to_bf16(scale) : scale;
}

float factor_of(const FloatTuning& layer, int64_t index) {
  const float searched = layer.init_scale == nullptr ? 1.0f : layer.init_scale[index];
  return layer.max_scale == nullptr ? searched : searched * layer.max_scale[index];
}

}  // namespace

GroupScale from_stored(ScaleRule rule, float stored, float global_scale) {
  switch (rule) {
    case ScaleRule::kMxFloor:
    case ScaleRule::kMxCeil:
    case ScaleRule::kMxCeil725: {
      const int exponent = static_cast<int>(stored);
      return {power_of_two(-exponent), power_of_two(exponent), stored};
    }
    case ScaleRule::kNv: {
      const float in = reciprocal(stored * reciprocal(global_scale));
      return {in, reciprocal(in), stored};
    }
    case ScaleRule::kUe5m3: return {stored == 0.0f ? kInfinity : stored, stored, stored};  // all quotients 0
    case ScaleRule::kFp: break;
  }
  return {stored, stored, stored};
}

GroupScale scale_of(const FloatTuning& layer, float amax, float factor) {
  const FloatKind& kind = layer.grid.kind;
  const float a = amax * factor;
  float stored = 0.0f;
  if (is_mx(kind.rule)) {
    const float exponent = mx_exponent(kind, a);
    stored = exponent >= kLeastExponent ? std::min<float>(exponent, kMostExponent) : kLeastExponent;
  } else if (kind.rule == ScaleRule::kNv) {
    stored = round_to(kE4M3, nv_argument(layer, a));
  } else if (kind.rule == ScaleRule::kUe5m3) {
    stored = round_to(kUe5m3, a * kSixth);
  } else {
    const float least = fp_floor(kind);
    stored = std::max(fp_scale(layer, a), layer.narrow ? round_to_bf16(least) : least);
  }
  return from_stored(kind.rule, stored, layer.global_scale);
}

GroupScale group_scale(const FloatTuning& layer, int64_t index) {
  return scale_of(layer, layer.amax[index], factor_of(layer, index));
}

float max_scale_gradient(const FloatTuning& layer, int64_t index, const GroupScale& scale, float excess) {
  const FloatKind& kind = layer.grid.kind;
  const float amax = layer.amax[index], a = amax * factor_of(layer, index);
  const float searched = layer.init_scale == nullptr ? amax : amax * layer.init_scale[index];
  if (is_mx(kind.rule)) {
    const float exponent = mx_exponent(kind, a);
    const bool moves = a > 0.0f && exponent >= kLeastExponent && exponent <= kMostExponent;
    return moves ? excess * (scale.out / layer.max_scale[index]) : 0.0f;
  }
  if (kind.rule == ScaleRule::kNv) {
    if (scale.stored == 0.0f || nv_argument(layer, a) > kE4M3.max) return 0.0f;
    return excess * (reciprocal(layer.global_scale) * layer.global_scale * (searched * kSixth));
  }
  if (kind.rule == ScaleRule::kUe5m3) return a * kSixth <= kUe5m3.max ? excess * (searched * kSixth) : 0.0f;
  return fp_scale(layer, a) >= fp_floor(kind) ? excess * (searched / kind.element.max) : 0.0f;
}

uint8_t scale_code(ScaleRule rule, const GroupScale& scale) {
  if (is_mx(rule)) return encode_e8m0(static_cast<int>(scale.stored));
  return encode(rule == ScaleRule::kNv ? kE4M3 : kUe5m3, scale.stored);
}

float stored_scale(ScaleRule rule, uint8_t code) {
  if (is_mx(rule)) return static_cast<float>(code) - 127.0f;
  return decode(rule == ScaleRule::kNv ? kE4M3 : kUe5m3, code);
}

void clamp_max_scale(const FloatTuning& layer, int64_t index) {
  if (layer.max_scale == nullptr) return;
  float& x = layer.max_scale[index];
  x = std::min(1.0f, std::max(0.0f, x));
}

void step_max_scale(const FloatTuning& layer, int64_t index, float gradient, float lr) {
  if (layer.max_scale == nullptr) return;
  layer.max_scale[index] -= lr * static_cast<float>(static_cast<int>(gradient > 0) - static_cast<int>(gradient < 0));
  clamp_max_scale(layer, index);
}

}  // namespace ar::quant
