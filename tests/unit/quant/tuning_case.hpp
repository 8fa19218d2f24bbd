#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/quant/int_tuning.hpp"

namespace ar::quant::test {

using tensor::Bf16;
using tensor::ConstReals;
using tensor::Real;
using tensor::Reals;

struct Shape {
  int bits;
  bool sym;
  int64_t group_size;
  int64_t out;
  int64_t in;
  Real type = Real::kBf16;
  ScaleType scale_type = ScaleType::kF16;
  bool ranges_tuned = true;
  bool real_zero = false;
  bool found = false;  // scales and minima are given (real zero points)
};

inline std::string name(const Shape& s) {
  return fmt::format(
      "w{}{}_g{}_{}x{}{}{}{}", s.bits,
      s.sym         ? "sym"
      : s.real_zero ? "real"
                    : "asym",
      s.group_size < 0 ? "m1" : std::to_string(s.group_size), s.out, s.in, s.type == Real::kF32 ? "_f32" : "",
      s.scale_type == ScaleType::kF16 ? "" : "_s" + std::to_string(int(s.scale_type)), s.found ? "_found" : s.ranges_tuned ? "" : "_fixed");
}
inline void PrintTo(const Shape& s, std::ostream* out) { *out << name(s); }

/// Numbers in either storage.
struct Numbers {
  std::vector<float> f32;
  std::vector<Bf16> bf16;
  Real type;
  Numbers(const std::vector<float>& x, Real t) : f32(x), type(t) {
    for (float v : x) bf16.push_back(tensor::to_bf16(v));
  }
  Numbers(size_t n, Real t) : Numbers(std::vector<float>(n), t) {}
  const void* data() const { return type == Real::kF32 ? static_cast<const void*>(f32.data()) : bf16.data(); }
  ConstReals view() const { return {data(), type}; }
  Reals view() { return {const_cast<void*>(data()), type}; }
  float at(size_t i) const { return type == Real::kF32 ? f32[i] : tensor::to_f32(bf16[i]); }
};

/// Random weights whose first rows are the edge cases: zero, constant, first group zero, one-sided, tie, tiny, outlier,
/// -0, half zeros, exact multiples.
inline std::vector<float> edge_weights(int64_t out, int64_t in, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> w(static_cast<size_t>(out * in));
  for (int64_t r = 0; r < out; ++r)
    for (int64_t c = 0; c < in; ++c) {
      float x = normal(random);
      switch (r) {
        case 0: x = 0.0f; break;
        case 1: x = 0.25f; break;
        case 2: x = -0.25f; break;
        case 3: x = c < in / 2 ? 0.0f : x; break;
        case 4: x = std::fabs(x); break;
        case 5: x = -std::fabs(x); break;
        case 6: x = c % 2 == 0 ? 0.5f : -0.5f; break;
        case 7: x *= 2e-7f; break;
        case 8: x = c == 1 ? 100.0f : x; break;
        case 9: x = -0.0f; break;
        case 10: x = c % 2 == 0 ? 0.0f : x; break;
        case 11: x = static_cast<float>(c % 15 - 7) * 0.0078125f; break;
        default: break;
      }
      w[static_cast<size_t>(r * in + c)] = x;
    }
  return w;
}

/// One layer in the middle of tuning, with its own storage.
struct TuningCase {
  IntGrid grid;
  Numbers weight;
  Numbers dwq;
  std::vector<float> value, min_scale, max_scale, range_min, range_max;
  std::vector<float> found_scale, found_min;
  bool ranges_tuned;

  explicit TuningCase(const Shape& s, Real dwq_type = Real::kF32, uint32_t seed = 7)
      : grid(make_grid(scheme(s), s.out, s.in, s.scale_type)),
        weight(edge_weights(s.out, s.in, seed), s.type),
        dwq(gradients(static_cast<size_t>(s.out * s.in), seed + 1), dwq_type),
        ranges_tuned(s.ranges_tuned) {
    std::mt19937 random(seed + 2);
    std::uniform_real_distribution<float> offset(-0.5f, 0.5f), factor(0.6f, 1.1f);
    const auto groups = static_cast<size_t>(grid.rows * grid.groups());
    value.resize(static_cast<size_t>(s.out * s.in));
    for (float& v : value) v = offset(random);
    for (size_t i = 0; i < groups; ++i) {
      min_scale.push_back(i % 5 == 0 ? 1.0f : factor(random));
      max_scale.push_back(i % 5 == 0 ? 1.0f : factor(random));
    }
    range_min.resize(groups);
    range_max.resize(groups);
    quant::group_ranges(grid, weight.view(), all(), range_min.data(), range_max.data());
    if (!s.found) return;
    for (size_t i = 0; i < groups; ++i) {  // a range cut short, so that some elements are clamped
      found_scale.push_back(std::max(0.9f * (range_max[i] - range_min[i]) / grid.top(), 0x1p-24f));
      found_min.push_back(-0.9f * range_min[i]);
    }
  }

  RowRange all() const { return {0, grid.rows}; }
  IntTuning layer() {
    IntTuning t{grid, weight.view()};
    t.range_min = range_min.data();
    t.range_max = range_max.data();
    t.value = value.data();
    t.min_scale = ranges_tuned ? min_scale.data() : nullptr;
    t.max_scale = ranges_tuned ? max_scale.data() : nullptr;
    if (!found_scale.empty()) {
      t.init_scale = found_scale.data();
      t.init_min = found_min.data();
    }
    return t;
  }

  static Scheme scheme(const Shape& s) {
    Scheme scheme;
    scheme.bits = s.bits;
    scheme.sym = s.sym;
    scheme.group_size = s.group_size;
    if (s.real_zero) scheme.data_type = "int_asym_float_zp";
    return scheme;
  }
  /// A few exact zeros and one NaN among the gradients: neither may move a parameter.
  static std::vector<float> gradients(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, 1e-3f);
    std::vector<float> u(n);
    for (size_t i = 0; i < n; ++i) u[i] = i % 17 == 0 ? 0.0f : normal(random);
    u[n / 2] = NAN;
    return u;
  }
};

inline std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (int bits = 2; bits <= 8; ++bits)
    for (bool sym : {true, false}) all.push_back({bits, sym, 32, 14, 160});
  for (bool tuned : {true, false})
    for (int bits : {4, 5}) all.push_back({bits, false, 32, 16, 160, Real::kBf16, ScaleType::kF32, tuned, true});
  for (int bits : {4, 5}) all.push_back({bits, false, 32, 16, 160, Real::kBf16, ScaleType::kF32, false, true, true});
  for (bool sym : {true, false}) {
    all.push_back({4, sym, 128, 13, 320});  // short last group
    all.push_back({4, sym, 24, 13, 100});   // groups that are no multiple of a vector
    all.push_back({4, sym, -1, 16, 72});
    all.push_back({4, sym, 128, 16, 40});  // group above the row
    all.push_back({3, sym, 0, 16, 50});    // one group a tensor
    all.push_back({4, sym, 32, 16, 64, Real::kF32});
    all.push_back({4, sym, 32, 16, 64, Real::kBf16, ScaleType::kBf16});
    all.push_back({4, sym, 32, 16, 64, Real::kBf16, ScaleType::kF32});
    all.push_back({4, sym, 32, 16, 64, Real::kBf16, ScaleType::kF16, false});
    all.push_back({8, sym, 64, 16, 64, Real::kBf16, ScaleType::kBf16, false});
  }
  return all;
}

}  // namespace ar::quant::test
