#include "activations.hpp"

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kLlamaCpp = "llama.cpp";

/// vec_dot_type of type_traits_cpu (ggml-cpu.c).
const char* partner(Type type) {
  if (type == Type::kF16) return "float16";
  if (type == Type::kBF16) return "bfloat16";
  if (type == Type::kQ4_1 || type == Type::kQ5_1) return "q8_1";
  return info(type).two_level() ? "q8_k" : "q8_0";
}

}  // namespace

json::array activation_programs() { return {json::object{{"name", kLlamaCpp}, {"cache", "float16"}}}; }

void add_activations(const std::string& program, Type type, json::object& scheme) {
  if (program != kLlamaCpp)
    throw Error(AR_INVALID_ARGUMENT, "activations '" + program + "' are not known; accepted: " + kLlamaCpp);
  if (type == Type::kF32) return;  // multiplied as they are
  const TypeInfo& t = info(type);
  scheme["act_bits"] = t.quantized() ? 8 : 16;
  scheme["act_group_size"] = t.block_elements;
  scheme["act_sym"] = true;
  scheme["act_dynamic"] = true;
  scheme["act_data_type"] = partner(type);
}

}  // namespace ar::gguf
