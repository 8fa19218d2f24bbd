#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/shape.hpp"

namespace ar::models {

/// One tensor under both its names. rope_heads > 0: the rows of so many heads are what the rotation turns.
struct GgufTensor {
  std::string source;
  std::string name;
  std::vector<int64_t> shape;
  int64_t rope_heads = 0;
};

/// ModelSpec::declarations["gguf"]: keys in llama.cpp's order (formats.md 6.7), and the tensors, which are in file
/// order already. "" for a family without a GGUF architecture, and when a tensor has no GGUF name.
std::string gguf_declaration(const DecoderSpec& spec, const Shape& shape, const Config& config,
                             std::vector<GgufTensor> blocks, std::vector<GgufTensor> outside, const Tower& tower);

/// Values of rope_freqs.weight for rope type llama3: what each frequency is divided by. float32 in torch's order.
std::vector<float> llama3_divisors(const Rope& rope);

}  // namespace ar::models
