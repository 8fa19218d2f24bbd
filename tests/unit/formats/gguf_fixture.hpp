#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "ar/format.h"
#include "gguf/header.hpp"
#include "tests/tools/safetensors.hpp"
#include "tests/unit/formats/memory_sink.hpp"

extern "C" const ar_plugin_desc* ar_plugin_entry_gguf(void);

namespace ar::test {

inline const ar_format_api& gguf_api() { return *static_cast<const ar_format_api*>(ar_plugin_entry_gguf()->api); }

/// Text of the ar::Error that body throws; "" when it throws none.
template <typename Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// Upstream's folder of goldens: the full data, or "" when only the repository is there.
inline std::filesystem::path upstream_goldens() {
  const std::filesystem::path folder = std::filesystem::path(AR_SHARED_DIR) / "golden/upstream";
  return std::filesystem::exists(folder / "manifest.json") ? folder : std::filesystem::path();
}

/// A small GGUF file in memory.
inline std::string small_gguf() {
  gguf::Metadata metadata;
  metadata.set("general.architecture", std::string("llama"));
  metadata.set("llama.block_count", uint32_t{1});
  metadata.set("tokenizer.ggml.tokens", gguf::to_array(std::vector<std::string>{"a", "", "bc"}));
  metadata.set("tokenizer.ggml.scores", gguf::to_array(std::vector<float>{0.0F, 1.0F, -2.0F}));
  std::vector<gguf::TensorEntry> tensors{{"token_embd.weight", gguf::Type::kQ4_0, {3, 32}, 0},
                                         {"output_norm.weight", gguf::Type::kF32, {5}, 0}};
  const uint64_t n = gguf::lay_out(tensors);
  return gguf::serialize_header(metadata, tensors) + std::string(n, '\1');
}

}  // namespace ar::test
