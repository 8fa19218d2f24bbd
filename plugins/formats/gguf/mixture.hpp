#pragma once

#include <cstdint>
#include <string>

#include "options.hpp"
#include "types.hpp"

namespace ar::gguf {

/// What of a model the mixtures look at.
struct ModelFacts {
  std::string architecture;
  int64_t blocks = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t experts = 0;
  int64_t attention_values = 0;  // number of attn_v, attn_qkv and attn_kv_b tensors
  bool tied = false;
};

/// The type of each matrix of a mixture, as llama.cpp chooses it (data_types.md 9.9). Ask for the matrices in file
/// order: some rules count.
class Mixture {
 public:
  Mixture(const FileType& file_type, ModelFacts facts) : file_type_(&file_type), facts_(std::move(facts)) {}

  /// `name` is the final one, "blk.0.attn_v.weight".
  Type next(const std::string& name);

 private:
  Type attention_value(Type base);
  Type ffn_down(Type base, int64_t block) const;
  Type attention_output(Type base) const;
  Type mixed(const std::string& name) const;
  bool is(const char* label) const;
  bool falcon() const { return facts_.architecture == "falcon"; }
  bool large_70b() const;

  const FileType* file_type_;
  ModelFacts facts_;
  int64_t n_values_ = 0;  // attn_v-like tensors seen
};

/// The type that holds rows of this length: itself, or the last resort of its width, or nothing when rows do not fill
/// blocks of 32 (data_types.md 9.10; llama.cpp's `tensor_type_fallback`).
std::optional<Type> fitting(Type type, int64_t columns, Fallback fallback);

}  // namespace ar::gguf
