#pragma once

#include <cstdint>
#include <vector>

#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/rope.hpp"

namespace ar::models {

/// A declaration and a config.json together: the numbers of one model.
struct Shape {
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t mlp_width = 0;
  int64_t vocab = 0;
  int64_t max_positions = 0;
  double norm_eps = 0.0;
  bool qkv_bias = false;
  bool o_bias = false;
  bool mlp_bias = false;
  bool tied = false;
  Rope rope;
  std::vector<int64_t> windows;  // per layer: tokens it sees, its own included; 0 = all
};

/// Refuses a value that the shared decoder does not implement, naming key and value.
Shape read_shape(const DecoderSpec& spec, const Config& config);

}  // namespace ar::models
