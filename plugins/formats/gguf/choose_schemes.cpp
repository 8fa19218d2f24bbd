#include <algorithm>
#include <map>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"
#include "mixture.hpp"
#include "planned_types.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

int64_t integer(const json::object& o, const char* key, int64_t otherwise) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

ModelFacts facts_of(const Declaration& d) {
  ModelFacts facts;
  facts.architecture = d.architecture;
  facts.blocks = d.number("block_count");
  facts.heads = d.number("attention.head_count");
  facts.kv_heads = d.number("attention.head_count_kv");
  facts.experts = d.number("expert_count");
  facts.tied = !d.has_tensor("output.weight");
  for (const DeclaredTensor& t : d.tensors) {
    for (const char* part : {"attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"})
      facts.attention_values += t.name.find(part) != std::string::npos ? 1 : 0;
  }
  return facts;
}

/// "Q5_0" and the like, by name; nothing when there is none.
std::optional<Type> named_type(int64_t bits, const char* suffix) {
  const std::string name = "Q" + std::to_string(bits) + suffix;
  for (uint32_t number = 0; number < 31; ++number) {
    const TypeInfo* t = find_type(number);
    if (t != nullptr && name == t->name) return t->type;
  }
  return std::nullopt;
}

/// The type for bits the user fixed: two levels if the scheme has them, else by symmetry, else what there is.
Type fixed_type(const std::string& name, const json::object& scheme) {
  if (const auto exact = type_of(scheme)) return *exact;
  const int64_t bits = integer(scheme, "bits", 16);
  const json::value* sym = scheme.if_contains("sym");
  const bool asym = sym != nullptr && sym->is_bool() && !sym->get_bool();
  if (scheme.contains("super_bits")) {
    if (const auto type = named_type(bits, "_K")) return *type;
  }
  for (const char* suffix : {asym ? "_1" : "_0", asym ? "_0" : "_1", "_K"}) {
    if (const auto type = named_type(bits, suffix)) return *type;
  }
  throw Error(AR_INVALID_ARGUMENT, name + ": no GGUF type has " + std::to_string(bits) + " bits; accepted: 2, 3, 4, 5, 6, 8 and 16");
}

void check_run(const json::object& plan) {
  const json::object& scheme = formats::object_member(plan, "scheme");
  const std::string data_type(formats::string_member(scheme, "data_type"));
  const int64_t bits = integer(scheme, "bits", 16);
  if (bits < 16 && data_type.find("int") == std::string::npos)
    throw Error(AR_UNSUPPORTED, "data_type '" + data_type + "': GGUF stores integer types; use a GGUF or W4A16 scheme");
  if (integer(scheme, "act_bits", 16) < 16)
    throw Error(AR_UNSUPPORTED, "act_bits " + std::to_string(integer(scheme, "act_bits", 16)) + ": GGUF stores weights only");
}

}  // namespace

json::object chosen_schemes(const FileType& file_type, const json::object& plan) {
  check_run(plan);
  const Fallback fallback = read_options(plan).fallback;
  const Declaration declaration = read_declaration(plan);
  const PlannedMatrices matrices = read_matrices(plan);
  Mixture mixture(file_type, facts_of(declaration));
  std::map<std::string, Type> chosen;  // by name in the file: a stack of experts is one tensor
  json::array answer;
  for (const DeclaredTensor& t : declaration.tensors) {
    const auto found = matrices.find(t.source);
    if (found == matrices.end()) continue;
    const PlannedMatrix& matrix = found->second;
    const std::string name = t.source.substr(0, t.source.size() - std::string_view(".weight").size());
    std::optional<Type> type;
    if (!stays_float(t)) {
      if (chosen.count(t.name) == 0) chosen[t.name] = mixture.next(t.name);
      type = chosen[t.name];
      if (matrix.fixed_by_user) type = integer(matrix.scheme, "bits", 16) < 16 ? std::optional(fixed_type(name, matrix.scheme)) : std::nullopt;
      if (type) type = fitting(*type, t.shape.back(), fallback);
    }
    const json::object left_alone{{"bits", 16}, {"group_size", -1}, {"sym", true}, {"data_type", "float"}};
    answer.push_back(json::object{{"name", name}, {"scheme", type ? scheme_json(*type) : left_alone}});
  }
  return {{"scale_dtype", "float32"}, {"scheme", scheme_json(file_type.base)}, {"matrices", std::move(answer)}};
}

std::string resolved_format(const std::string& format, const json::object& plan) {
  if (format != "gguf:q2_k_mixed" || integer(plan, "iters", 0) == 0) return format;
  return read_declaration(plan).number("expert_count") > 0 ? format : "gguf:q2_k_s";
}

}  // namespace ar::gguf
