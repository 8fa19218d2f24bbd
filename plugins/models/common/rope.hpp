#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "plugins/models/common/config.hpp"

namespace ar::models {

/// Rotary embedding of one model: which angle each pair of dimensions turns by per position.
struct Rope {
  std::string type = "default";  // default, linear, dynamic, llama3, yarn, longrope
  double theta = 10000.0;
  int64_t width = 0;  // leading dimensions of a head that turn; the rest pass through
  int64_t max_positions = 0;
  int64_t original_positions = 0;  // llama3, yarn, longrope
  double factor = 1.0;
  double attention_factor = 1.0;                  // scales cos and sin
  double low_freq_factor = 1.0;                   // llama3
  double high_freq_factor = 1.0;                  // llama3
  double beta_fast = 32.0, beta_slow = 1.0;       // yarn
  bool truncate = true;                           // yarn
  std::vector<double> short_factor, long_factor;  // longrope
};

/// `rope_scaling` (transformers 4) or `rope_parameters` (transformers 5).
std::optional<Config> rope_dictionary(const Config& config);

/// Reads `rope_theta` and the dictionary. A value inside the dictionary wins over the top-level key, that one over the
/// family's default.
Rope read_rope(const Config& config, int64_t head_dim, int64_t max_positions, double default_theta);

/// Radians per position for each of width/2 pairs, for a sequence of `length` tokens (dynamic and longrope depend on
/// it). float32 arithmetic as in transformers.
std::vector<float> rope_frequencies(const Rope& rope, int64_t length);

/// cos and sin [length, width/2] in float32.
struct RopeTables {
  at::Tensor cos;
  at::Tensor sin;
};
RopeTables rope_tables(const Rope& rope, int64_t length);

}  // namespace ar::models
