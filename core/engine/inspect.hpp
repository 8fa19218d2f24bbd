#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/engine/loaders.hpp"
#include "core/plugin/registry.hpp"
#include "core/quant/scheme.hpp"

namespace ar::engine {

struct InspectedTensor {
  std::string name;
  std::string type;  // as stored: "I32", "BF16", "Q4_K"
  std::vector<int64_t> shape;
  uint64_t n_bytes = 0;
  std::string file;
  int64_t layer = -1;  // index into Inspection::layers
};

/// One matrix that is stored quantized.
struct InspectedLayer {
  std::string name;
  quant::Scheme scheme;
  std::string problem;    // why the scheme is not known; then `scheme` says nothing
  int64_t n_weights = 0;  // 0 when not known
  uint64_t n_bytes = 0;   // codes, scales, zero points; not the bias

  double bits_per_weight() const;
};

/// What a checkpoint holds.
struct Inspection {
  std::filesystem::path path;
  std::string file;            // "safetensors", or the id of a one-file format: "gguf"
  std::vector<std::string> files;
  std::string quant_method;    // "" for an ordinary checkpoint
  std::string packing_format;
  std::string format;          // id of the format plugin that reads it, "" when none does
  std::vector<InspectedTensor> tensors;  // by name
  std::vector<InspectedLayer> layers;    // by name
  std::vector<Loader> loaders;

  uint64_t n_bytes() const;          // of all tensors
  int64_t n_plain_weights() const;   // elements of tensors outside `layers`
  int64_t n_quantized_weights() const;
  double quantized_bits_per_weight() const;  // over `layers`; 0 when there is none
  double bits_per_weight() const;            // over everything
};

/// Reads headers and configs; of the weights only what a format plugin needs to tell a layer's scheme.
/// `path`: a model folder; one .safetensors file, whose folder's config.json is used when there is one; or a file whose
/// extension is the id of a format that reads models from files (GGUF), or a folder with one such file.
Inspection inspect(plugin::Registry& registry, const std::filesystem::path& path);

}  // namespace ar::engine
