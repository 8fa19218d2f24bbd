#include "mixture.hpp"

#include <algorithm>
#include <cstring>

namespace ar::gguf {
namespace {

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool more_bits(int64_t i, int64_t n) { return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2; }

/// N of "blk.N....", else 0.
int64_t block_of(const std::string& name) {
  return name.rfind("blk.", 0) == 0 ? std::strtoll(name.c_str() + 4, nullptr, 10) : 0;
}

}  // namespace

bool Mixture::is(const char* label) const { return std::strcmp(file_type_->label, label) == 0; }

/// Models that llama.cpp calls 70B: many query heads share few, so attn_v is small.
bool Mixture::large_70b() const {
  const std::string& a = facts_.architecture;
  if (a == "llama") return facts_.blocks == 80 && facts_.heads != facts_.kv_heads;
  if (a == "qwen2" || a == "deci" || a == "olmo") return facts_.blocks == 80;
  return a == "jais2" && facts_.blocks == 68;
}

Type Mixture::attention_value(Type type) {
  const int64_t i = n_values_++;
  const int64_t n = facts_.attention_values > 0 ? facts_.attention_values : facts_.blocks;
  const int64_t sharing = facts_.kv_heads > 0 ? facts_.heads / facts_.kv_heads : 1;
  if (is("Q2_K_S") && sharing >= 4) type = Type::kQ4_K;
  if (is("Q3_K_M")) type = i < 2 ? Type::kQ5_K : Type::kQ4_K;
  if (is("Q3_K_L")) type = Type::kQ5_K;
  if ((is("Q4_K_M") || is("Q5_K_M")) && more_bits(i, n)) type = Type::kQ6_K;
  if (is("Q4_K_S") && i < 4) type = Type::kQ5_K;
  if (large_70b() && (type == Type::kQ3_K || type == Type::kQ4_K)) type = Type::kQ5_K;
  return facts_.experts == 8 ? Type::kQ8_0 : type;
}

Type Mixture::ffn_down(Type type, int64_t i) const {
  const int64_t n = std::max(facts_.blocks, i + 1);
  if (is("Q2_K_S")) return i < n / 8 ? Type::kQ4_K : type;
  if (is("Q3_K_M")) {
    if (i < n / 16) return Type::kQ5_K;
    return !falcon() || more_bits(i, n) ? Type::kQ4_K : Type::kQ3_K;
  }
  if (is("Q3_K_L")) return falcon() ? Type::kQ4_K : Type::kQ5_K;
  if (is("Q4_K_M")) {
    if (!falcon()) return more_bits(i, n) ? Type::kQ6_K : type;
    if (i < n / 16) return Type::kQ6_K;
    return more_bits(i, n) ? Type::kQ5_K : type;
  }
  if (is("Q5_K_M")) return more_bits(i, n) ? Type::kQ6_K : type;
  if (is("Q4_K_S")) return !falcon() && i < n / 8 ? Type::kQ5_K : type;
  return type;
}

Type Mixture::attention_output(Type type) const {
  if (falcon()) return is("Q3_K_L") ? Type::kQ4_K : type;
  if (facts_.experts == 8) {
    const bool small = is("Q3_K_S") || is("Q3_K_M") || is("Q4_K_S") || is("Q4_K_M");
    return small ? Type::kQ5_K : type;
  }
  if (is("Q3_K_M")) return Type::kQ4_K;
  return is("Q3_K_L") ? Type::kQ5_K : type;
}

/// Routed experts in 2 bits, all else in 4, embeddings and head in 8 (data_types.md 1.3).
Type Mixture::mixed(const std::string& name) const {
  if (name == "output.weight" || name == "token_embd.weight") return Type::kQ8_0;
  return contains(name, "_exps.") ? Type::kQ2_K : Type::kQ4_K;
}

Type Mixture::next(const std::string& name) {
  if (std::strcmp(file_type_->format, "gguf:q2_k_mixed") == 0) return mixed(name);
  const Type base = file_type_->base;
  if (name == "output.weight" || (facts_.tied && name == "token_embd.weight"))
    return base == Type::kQ8_0 ? base : Type::kQ6_K;
  if (contains(name, "attn_v.weight") || contains(name, "attn_qkv.weight") || contains(name, "attn_kv_b.weight"))
    return attention_value(base);
  if (contains(name, "attn_k.weight")) return facts_.experts == 8 ? Type::kQ8_0 : base;
  if (contains(name, "ffn_down")) return ffn_down(base, block_of(name));
  if (contains(name, "attn_output.weight")) return attention_output(base);
  return base;
}

std::optional<Type> fitting(Type type, int64_t columns, Fallback fallback) {
  if (columns % info(type).block_elements == 0) return type;
  if (columns % 32 != 0) return std::nullopt;
  if (type == Type::kQ6_K) return Type::kQ8_0;
  if (fallback == Fallback::kLlamaCpp && type == Type::kQ5_K) return Type::kQ5_1;
  if (fallback == Fallback::kLlamaCpp && type != Type::kQ4_K) return Type::kQ4_0;
  return Type::kQ5_0;
}

}  // namespace ar::gguf
