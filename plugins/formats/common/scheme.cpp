#include "common/scheme.hpp"

#include <limits>
#include <string_view>
#include <vector>

#include <boost/json/serialize.hpp>

#include "ar/cpp/host_services.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Typed members of one entry.
class Entry {
 public:
  Entry(const json::object& object, const std::string& where) : object_(object), where_(where) {}

  template <typename T>
  void number(const char* key, T& value, int64_t least, int64_t most) const {
    const json::value* v = find(key);
    if (v == nullptr) return;
    value = static_cast<T>(in_range(*v, key, least, most));
  }
  void flag(const char* key, bool& value) const {
    const json::value* v = find(key);
    if (v == nullptr) return;
    if (!v->is_bool()) refuse(key, *v, "true or false");
    value = v->get_bool();
  }
  void text(const char* key, std::string& value) const {
    const json::value* v = find(key);
    if (v == nullptr) return;
    if (!v->is_string()) refuse(key, *v, "text");
    value = std::string(v->get_string());
  }
  /// One number, or [rows, columns] of a block.
  void group(Scheme& scheme) const {
    const json::value* v = find("group_size");
    if (v == nullptr) return;
    const json::array* block = v->if_array();
    if (block != nullptr && block->size() != 2) refuse("group_size", *v, "a number or [rows, columns]");
    scheme.group_size_rows = block != nullptr ? in_range((*block)[0], "group_size", 1, kMost) : 0;
    scheme.group_size =
        block != nullptr ? in_range((*block)[1], "group_size", 1, kMost) : in_range(*v, "group_size", -1, kMost);
  }

 private:
  static constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

  const json::value* find(const char* key) const {
    const json::value* v = object_.if_contains(key);
    return v == nullptr || v->is_null() ? nullptr : v;
  }
  int64_t in_range(const json::value& v, const char* key, int64_t least, int64_t most) const {
    if (!v.is_int64() || v.get_int64() < least || v.get_int64() > most) {
      refuse(key, v, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return v.get_int64();
  }
  [[noreturn]] void refuse(const char* key, const json::value& v, const std::string& accepted) const {
    throw Error(AR_INVALID_ARGUMENT, where_ + ": " + key + " " + json::serialize(v) + ": must be " + accepted);
  }

  const json::object& object_;
  const std::string& where_;
};

json::object to_json(const Scheme& s) {
  json::value group = s.group_size;
  if (s.group_size_rows > 0) group = json::array{s.group_size_rows, s.group_size};
  json::object o{{"bits", s.bits}, {"group_size", group}, {"sym", s.sym}, {"data_type", s.data_type}};
  if (!s.quantizes_activations()) return o;
  o["act_bits"] = s.act_bits;
  o["act_group_size"] = s.act_group_size;
  o["act_sym"] = s.act_sym;
  o["act_dynamic"] = s.act_dynamic;
  o["act_data_type"] = s.act_data_type;
  return o;
}

}  // namespace

Scheme scheme_of(const ar_scheme& s) {
  Scheme r;
  r.bits = s.bits;
  r.group_size = s.group_size;
  r.group_size_rows = s.group_size_rows;
  r.sym = s.sym != 0;
  r.data_type = s.data_type;
  r.act_bits = s.act_bits;
  r.act_group_size = s.act_group_size;
  r.act_sym = s.act_sym != 0;
  r.act_dynamic = s.act_dynamic != 0;
  r.act_data_type = s.act_data_type;
  r.super_bits = s.super_bits;
  return r;
}

Scheme scheme_of(const json::object& object, const Scheme& base, const std::string& where) {
  constexpr int64_t kMostBits = 64;
  const Entry entry(object, where);
  Scheme s = base;
  entry.number("bits", s.bits, 1, kMostBits);
  entry.group(s);
  entry.flag("sym", s.sym);
  entry.text("data_type", s.data_type);
  entry.number("act_bits", s.act_bits, 1, kMostBits);
  if (const auto* act = object.if_contains("act_group_size"); act != nullptr && act->is_int64())
    entry.number("act_group_size", s.act_group_size, -1, std::numeric_limits<int32_t>::max());
  entry.flag("act_sym", s.act_sym);
  entry.flag("act_dynamic", s.act_dynamic);
  entry.text("act_data_type", s.act_data_type);
  entry.number("super_bits", s.super_bits, 0, kMostBits);
  return s;
}

Family family(const Scheme& s) {
  if (!s.quantized()) return Family::kNone;
  const std::string_view type = s.data_type;
  if (ends_with(type, "_dq") || s.super_bits != 0) return Family::kTwoLevel;
  if (starts_with(type, "mx_int")) return Family::kMxInt;
  if (starts_with(type, "mx_fp")) return Family::kMxFp;
  if (starts_with(type, "nvfp4_v2")) return Family::kNvFp4V2;
  if (starts_with(type, "nv_fp")) return Family::kNvFp;
  if (starts_with(type, "fp")) return Family::kFp;
  return type.find("int") != std::string_view::npos ? Family::kInt : Family::kUnknown;
}

Family storable_family(const std::string& format, const Scheme& s) {
  const Family kind = family(s);
  if (kind == Family::kNone && s.quantizes_activations()) {
    throw Error(AR_UNSUPPORTED,
                "act_bits " + std::to_string(s.act_bits) + ": activations are quantized beside quantized weights only");
  }
  if (kind == Family::kTwoLevel) {
    const std::string what =
        s.super_bits != 0 ? "super_bits " + std::to_string(s.super_bits) : "data_type '" + s.data_type + "'";
    throw Error(AR_UNSUPPORTED, what + ": two-level scales have no place in " + format);
  }
  if (kind == Family::kUnknown) {
    throw Error(AR_UNSUPPORTED, "data_type '" + s.data_type + "' has no place in " + format +
                                    "; there are int, mx_fp, mx_int, nv_fp, nvfp4_v2 and fp");
  }
  return kind;
}

void write_scheme(const ar_sink& sink, const Scheme& s) {
  if (s.data_type == "int" && !s.quantizes_activations() && s.group_size_rows == 0) {
    const std::vector<int64_t> numbers = {s.bits, s.group_size, s.sym ? 1 : 0};
    write_tensor(sink, "scheme", AR_DTYPE_I64, {3}, numbers);
    return;
  }
  const std::string text = json::serialize(to_json(s));
  write_tensor(sink, "scheme_json", AR_DTYPE_U8, {static_cast<int64_t>(text.size())}, text.data(), text.size());
}

}  // namespace ar::formats
