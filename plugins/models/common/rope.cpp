#include "plugins/models/common/rope.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>

namespace ar::models {
namespace {

constexpr double kTwoPi = 6.283185307179586;

/// base^(2i/width), the wavelength of pair i over 2 pi.
std::vector<float> wavelengths(double base, int64_t width) {
  std::vector<float> values(static_cast<std::size_t>(width / 2));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::pow(static_cast<float>(base), static_cast<float>(2 * i) / static_cast<float>(width));
  }
  return values;
}

/// The base grows with the length, once that exceeds what the model was trained for.
double dynamic_base(const Rope& rope, int64_t length) {
  const auto max = static_cast<double>(rope.max_positions);
  const double n = std::max(static_cast<double>(length), max);
  const auto width = static_cast<double>(rope.width);
  return rope.theta * std::pow(rope.factor * n / max - (rope.factor - 1.0), width / (width - 2.0));
}

void scale_llama3(const Rope& rope, std::vector<float>& freq) {
  const double low = static_cast<double>(rope.original_positions) / rope.low_freq_factor;
  const double high = static_cast<double>(rope.original_positions) / rope.high_freq_factor;
  for (float& f : freq) {
    const double wavelength = kTwoPi / f;
    if (wavelength < high) continue;
    const auto slow = static_cast<float>(f / rope.factor);
    if (wavelength > low) {
      f = slow;
      continue;
    }
    const double s = (static_cast<double>(rope.original_positions) / wavelength - rope.low_freq_factor) /
                     (rope.high_freq_factor - rope.low_freq_factor);
    f = static_cast<float>((1.0 - s) * slow + s * f);
  }
}

/// The pair that makes n turns over the original length.
double yarn_pair(const Rope& rope, double n) {
  return static_cast<double>(rope.width) * std::log(static_cast<double>(rope.original_positions) / (n * kTwoPi)) /
         (2.0 * std::log(rope.theta));
}

void scale_yarn(const Rope& rope, std::vector<float>& freq) {
  double low = yarn_pair(rope, rope.beta_fast);
  double high = yarn_pair(rope, rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.width - 1));
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < freq.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    freq[i] = static_cast<float>(freq[i] / rope.factor * ramp + freq[i] * (1.0 - ramp));
  }
}

}  // namespace

std::vector<float> rope_frequencies(const Rope& rope, int64_t length) {
  std::vector<float> freq = wavelengths(rope.type == "dynamic" ? dynamic_base(rope, length) : rope.theta, rope.width);
  if (rope.type == "longrope") {
    const auto& factors = length > rope.original_positions ? rope.long_factor : rope.short_factor;
    for (std::size_t i = 0; i < freq.size(); ++i) freq[i] *= static_cast<float>(factors[i]);
  }
  for (float& f : freq) f = 1.0f / f;
  if (rope.type == "linear") {
    for (float& f : freq) f /= static_cast<float>(rope.factor);
  }
  if (rope.type == "llama3") scale_llama3(rope, freq);
  if (rope.type == "yarn") scale_yarn(rope, freq);
  return freq;
}

RopeTables rope_tables(const Rope& rope, int64_t length) {
  const std::vector<float> freq = rope_frequencies(rope, length);
  const auto half = static_cast<int64_t>(freq.size());
  RopeTables tables{at::empty({length, half}, at::kFloat), at::empty({length, half}, at::kFloat)};
  auto* cos = tables.cos.data_ptr<float>();
  auto* sin = tables.sin.data_ptr<float>();
  const auto scale = static_cast<float>(rope.attention_factor);
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(t) * freq[static_cast<std::size_t>(i)];
      cos[t * half + i] = std::cos(angle) * scale;
      sin[t * half + i] = std::sin(angle) * scale;
    }
  }
  return tables;
}

}  // namespace ar::models
