#include "types.hpp"

#include <array>
#include <cstring>

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kInt = "int";
constexpr const char* kFloatZero = "int_asym_float_zp";
constexpr const char* kSymTwoLevel = "int_sym_dq";
constexpr const char* kAsymTwoLevel = "int_asym_dq";

constexpr std::array<TypeInfo, 13> kTypes{{
    {Type::kF32, "F32", 1, 4, 32, 0, true, "float", 0, 0},
    {Type::kF16, "F16", 1, 2, 16, 0, true, "float", 0, 0},
    {Type::kBF16, "BF16", 1, 2, 16, 0, true, "float", 0, 0},
    {Type::kQ4_0, "Q4_0", 32, 18, 4, 32, true, kInt, 0, 0},
    {Type::kQ4_1, "Q4_1", 32, 20, 4, 32, false, kFloatZero, 0, 0},
    {Type::kQ5_0, "Q5_0", 32, 22, 5, 32, true, kInt, 0, 0},
    {Type::kQ5_1, "Q5_1", 32, 24, 5, 32, false, kFloatZero, 0, 0},
    {Type::kQ8_0, "Q8_0", 32, 34, 8, 32, true, kInt, 0, 0},
    {Type::kQ2_K, "Q2_K", 256, 84, 2, 16, false, kAsymTwoLevel, 4, 16},
    {Type::kQ3_K, "Q3_K", 256, 110, 3, 16, true, kSymTwoLevel, 6, 16},
    {Type::kQ4_K, "Q4_K", 256, 144, 4, 32, false, kAsymTwoLevel, 6, 8},
    {Type::kQ5_K, "Q5_K", 256, 176, 5, 32, false, kAsymTwoLevel, 6, 8},
    {Type::kQ6_K, "Q6_K", 256, 210, 6, 16, true, kSymTwoLevel, 8, 16},
}};

constexpr std::array<FileType, 15> kFileTypes{{
    {"gguf:q4_0", "Q4_0", 2, Type::kQ4_0, "GGUF:Q4_0"},
    {"gguf:q4_1", "Q4_1", 3, Type::kQ4_1, "GGUF:Q4_1"},
    {"gguf:q5_0", "Q5_0", 8, Type::kQ5_0, "GGUF:Q5_0"},
    {"gguf:q5_1", "Q5_1", 9, Type::kQ5_1, "GGUF:Q5_1"},
    {"gguf:q8_0", "Q8_0", 7, Type::kQ8_0, "GGUF:Q8_0"},
    {"gguf:q2_k_s", "Q2_K_S", 21, Type::kQ2_K, "GGUF:Q2_K_S"},
    {"gguf:q2_k_mixed", "Q2_K_S", 21, Type::kQ2_K, "GGUF:Q2_K_MIXED"},
    {"gguf:q3_k_s", "Q3_K_S", 11, Type::kQ3_K, "GGUF:Q3_K_S"},
    {"gguf:q3_k_m", "Q3_K_M", 12, Type::kQ3_K, "GGUF:Q3_K_M"},
    {"gguf:q3_k_l", "Q3_K_L", 13, Type::kQ3_K, "GGUF:Q3_K_L"},
    {"gguf:q4_k_s", "Q4_K_S", 14, Type::kQ4_K, "GGUF:Q4_K_S"},
    {"gguf:q4_k_m", "Q4_K_M", 15, Type::kQ4_K, "GGUF:Q4_K_M"},
    {"gguf:q5_k_s", "Q5_K_S", 16, Type::kQ5_K, "GGUF:Q5_K_S"},
    {"gguf:q5_k_m", "Q5_K_M", 17, Type::kQ5_K, "GGUF:Q5_K_M"},
    {"gguf:q6_k", "Q6_K", 18, Type::kQ6_K, "GGUF:Q6_K"},
}};

/// What of a scheme decides the type.
struct Layout {
  int64_t bits;
  int64_t group_size;
  bool sym;
  const char* data_type;
};

std::optional<Type> find(const Layout& layout) {
  for (const TypeInfo& t : kTypes) {
    if (t.quantized() && t.bits == layout.bits && t.group_size == layout.group_size && t.sym == layout.sym &&
        std::strcmp(t.data_type, layout.data_type) == 0) {
      return t.type;
    }
  }
  return std::nullopt;
}

int64_t number(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

const TypeInfo* find_type(uint32_t number) {
  for (const TypeInfo& t : kTypes) {
    if (static_cast<uint32_t>(t.type) == number) return &t;
  }
  return nullptr;
}

const TypeInfo& info(Type type) { return *find_type(static_cast<uint32_t>(type)); }

std::optional<Type> type_of(const ar_scheme& s) {
  if (s.act_bits < 16 || s.group_size_rows != 0) return std::nullopt;
  return find({s.bits, s.group_size, s.sym != 0, s.data_type});
}

std::optional<Type> type_of(const json::object& scheme) {
  const json::value* sym = scheme.if_contains("sym");
  const json::value* data_type = scheme.if_contains("data_type");
  if (sym == nullptr || !sym->is_bool() || data_type == nullptr || !data_type->is_string()) return std::nullopt;
  const std::string name(data_type->get_string());
  return find({number(scheme, "bits"), number(scheme, "group_size"), sym->get_bool(), name.c_str()});
}

json::object scheme_json(Type type) {
  const TypeInfo& t = info(type);
  json::object scheme{
      {"bits", t.bits}, {"group_size", t.group_size}, {"sym", t.sym}, {"data_type", t.data_type}};
  if (t.two_level()) {
    scheme["super_bits"] = t.super_bits;
    scheme["super_group_size"] = t.super_group_size;
  }
  return scheme;
}

const FileType& file_type(const std::string& format) {
  std::string names;
  for (const FileType& t : kFileTypes) {
    if (format == t.format) return t;
    names += (names.empty() ? "" : ", ") + std::string(t.format);
  }
  throw Error(AR_UNSUPPORTED, "format '" + format + "' is not known; accepted: " + names);
}

}  // namespace ar::gguf
