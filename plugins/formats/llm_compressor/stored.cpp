#include "stored.hpp"

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"
#include "common/stored_config.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

bool names_layer(const std::string& target, const std::string& layer) {
  if (target == layer) return true;
  return target.rfind("re:", 0) == 0 && matches("(?:" + target.substr(3) + ").*", layer, "config_groups", true);
}

const json::object& group_of(const json::object& config, const std::string& layer) {
  const json::object* general = nullptr;
  for (const auto& pair : object_member(config, "config_groups")) {
    const json::object* group = pair.value().if_object();
    const json::value* targets = group != nullptr ? group->if_contains("targets") : nullptr;
    if (targets == nullptr || !targets->is_array()) continue;
    for (const json::value& target : targets->get_array()) {
      if (!target.is_string()) continue;
      const std::string name(target.get_string());
      if (names_layer(name, layer)) return *group;
      if (name == "Linear" && general == nullptr) general = group;
    }
  }
  if (general == nullptr) refuse("layer '" + layer + "' is stored quantized, but no group of config_groups is for it");
  return *general;
}

bool flag(const json::object& o, const char* key, bool fallback) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_bool() ? v->get_bool() : fallback;
}

int64_t number(const json::object& o, const char* key, const std::string& where) {
  Scheme s;
  s.group_size = 0;
  if (const json::value* v = o.if_contains(key)) s = scheme_of({{"group_size", *v}}, s, where);
  return s.group_size;
}

/// Columns of a group from strategy and group_size.
int64_t columns(const json::object& args, const std::string& where) {
  const std::string strategy = text_of(args, "strategy");
  const int64_t group = number(args, "group_size", where);
  if (strategy == "tensor") return 0;
  if (strategy == "channel" || strategy == "token") return -1;
  if ((strategy == "group" || strategy == "tensor_group") && group > 0) return group;
  if (strategy.empty()) return group > 0 ? group : group == 0 ? 0 : -1;
  refuse(where + ": strategy '" + strategy + "' with group_size " + std::to_string(group) +
         " is not read; accepted: tensor, channel, token, group, tensor_group, block");
}

void read_weights(const json::object& args, Scheme& s, const std::string& where) {
  const std::string type = text_of(args, "type");
  if (const json::value* bits = args.if_contains("num_bits")) s = scheme_of({{"bits", *bits}}, s, where);
  s.sym = flag(args, "symmetric", true);
  if (text_of(args, "strategy") == "block") {
    const json::value* block = args.if_contains("block_structure");
    if (block == nullptr) refuse(where + ": strategy 'block' without block_structure");
    s = scheme_of({{"group_size", *block}}, s, where);
  } else {
    s.group_size = columns(args, where);
  }
  if (type == "int") {
    s.data_type = "int";
    if (s.bits < 2 || s.bits > 8 || s.group_size == 0 || s.group_size_rows != 0)
      refuse(where + ": integers of " + std::to_string(s.bits) + " bits with strategy '" + text_of(args, "strategy") +
             "' are not read; accepted: 2 to 8 bits, channel or group");
    return;
  }
  if (type != "float" || (s.bits != 4 && s.bits != 8) || !s.sym)
    refuse(where + ": type '" + type + "' with " + std::to_string(s.bits) + (s.sym ? "" : " asymmetric") +
           " bits is not read; accepted: int, and symmetric float of 4 or 8 bits");
}

/// float of which kind: the format says it of every group, or of this one.
std::string float_type(const json::object& config, const json::object& group, const Scheme& s) {
  std::string format = text_of(group, "format");
  if (format.empty()) format = text_of(config, "format");
  if (format.rfind("nvfp4-e5m3", 0) == 0) return "nvfp4_v2";
  if (format.rfind("mxfp", 0) == 0) return "mx_fp";
  if (format.rfind("nvfp4", 0) == 0) return "nv_fp";
  if (s.bits == 8) return "fp";
  refuse("format '" + format +
         "' with 4-bit floats is not read; accepted: mxfp4-pack-quantized, "
         "nvfp4-pack-quantized, nvfp4-e5m3-pack-quantized");
}

void read_activations(const json::object& args, Scheme& s, const std::string& where) {
  s.act_bits = 8;
  if (const json::value* bits = args.if_contains("num_bits")) s = scheme_of({{"act_bits", *bits}}, s, where);
  s.act_sym = flag(args, "symmetric", true);
  s.act_dynamic = flag(args, "dynamic", text_of(args, "dynamic") == "local");
  s.act_group_size = columns(args, where);
  s.act_data_type = text_of(args, "type") == "int" ? "int"
                    : s.data_type == "nv_fp"       ? "nv_fp4_with_static_gs"
                                                   : s.data_type;
}

}  // namespace

Scheme compressed_stored_scheme(const json::object& config, const std::string& layer) {
  const json::object& group = group_of(config, layer);
  const json::value* weights = group.if_contains("weights");
  if (weights == nullptr || !weights->is_object())
    refuse("layer '" + layer + "': its group of config_groups has no weights; activations alone are not read");
  const std::string where = "config_groups for layer '" + layer + "'";
  Scheme s;
  s.bits = 8;
  read_weights(weights->get_object(), s, where);
  if (s.data_type != "int" || text_of(weights->get_object(), "type") == "float")
    s.data_type = float_type(config, group, s);
  const json::value* input = group.if_contains("input_activations");
  if (input != nullptr && input->is_object()) read_activations(input->get_object(), s, where);
  return s;
}

}  // namespace ar::formats
