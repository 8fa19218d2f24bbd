#pragma once

#include <string>
#include <vector>

#include "core/quant/scheme.hpp"

namespace ar::engine {

/// What decides who can load a checkpoint: formats.md 7.
struct StoredAs {
  std::string file;            // "safetensors" or "gguf"
  std::string quant_method;    // of quantization_config; "mlx" for MLX's own; "" for an ordinary checkpoint
  std::string packing_format;  // likewise
  std::vector<quant::Scheme> schemes;
  bool siblings_differ = false;  // q, k and v, or gate and up, of some module
  bool part = false;             // no model by itself
};

/// A program that loads it, and what it needs for that ("" when nothing).
struct Loader {
  std::string name;
  std::string needs;
};

/// In a fixed order; empty for a quant_method nobody is known to read.
std::vector<Loader> find_loaders(const StoredAs& stored);

}  // namespace ar::engine
