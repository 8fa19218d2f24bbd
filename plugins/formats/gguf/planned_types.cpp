#include "planned_types.hpp"

#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

bool flag(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

PlannedMatrices read_matrices(const json::object& plan) {
  PlannedMatrices matrices;
  const char* key = plan.contains("matrices") ? "matrices" : "layers";
  for (const json::value& item : formats::array_member(plan, key)) {
    if (!item.is_object()) throw Error(AR_INVALID_ARGUMENT, std::string("'") + key + "' must be a list of objects");
    const json::object& o = item.get_object();
    const std::string name(formats::string_member(o, "name"));
    matrices[name + ".weight"] = {formats::object_member(o, "scheme"), flag(o, "quantized"), flag(o, "fixed_by_user")};
  }
  return matrices;
}

bool stays_float(const DeclaredTensor& tensor) {
  const size_t dims = tensor.shape.size() + (tensor.slices > 0 ? 1 : 0);
  if (dims < 2 || !ends_with(tensor.name, ".weight") || ends_with(tensor.name, "_norm.weight")) return true;
  for (const char* part : {"ffn_gate_inp", "position_embd", "token_types", "ssm_", "shortconv"}) {
    if (contains(tensor.name, part)) return true;
  }
  return false;
}

std::vector<Type> planned_types(const json::object& plan, const Declaration& declaration) {
  const PlannedMatrices matrices = read_matrices(plan);
  const Type half = formats::string_member(plan, "dtype") == "bfloat16" ? Type::kBF16 : Type::kF16;
  std::vector<Type> types;
  types.reserve(declaration.tensors.size());
  for (const DeclaredTensor& t : declaration.tensors) {
    const auto found = matrices.find(t.source);
    if (stays_float(t)) {
      types.push_back(Type::kF32);
    } else if (found == matrices.end() || !found->second.quantized) {
      types.push_back(half);
    } else if (const auto type = type_of(found->second.scheme)) {
      types.push_back(*type);
    } else {
      throw Error(AR_UNSUPPORTED,
                  t.source + ": no GGUF type stores the scheme " + json::serialize(found->second.scheme));
    }
  }
  return types;
}

}  // namespace ar::gguf
