#include "core/model/layer_entry.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"

namespace ar::model {
namespace {

namespace json = boost::json;
using quant::Scheme;
using quant::SchemeOverride;

constexpr const char* kKeys =
    "bits, group_size, sym, data_type, act_bits, act_group_size, act_sym, act_data_type, act_dynamic, super_bits, "
    "super_group_size, scale_dtype, scheme, fixed_by_user";

/// One value of an entry; knows what to say about it.
struct Setting {
  const std::string& layer;
  std::string_view key;
  const json::value& value;

  [[noreturn]] void refuse(const char* expected) const {
    base::refuse("--layer_config: layer {}: {} is {}; expected {}", layer, key, json::serialize(value), expected);
  }
  int64_t integer() const {
    if (const int64_t* n = value.if_int64()) return *n;
    refuse("a whole number");
  }
  int small() const {
    const int64_t n = integer();
    if (n < std::numeric_limits<int>::min() || n > std::numeric_limits<int>::max()) refuse("a small whole number");
    return static_cast<int>(n);
  }
  bool boolean() const {
    if (const bool* b = value.if_bool()) return *b;
    refuse("true or false");
  }
  std::string text() const {
    if (const json::string* s = value.if_string()) return {s->data(), s->size()};
    refuse("a name");
  }
};

void set_group_size(const Setting& s, SchemeOverride& over) {
  const json::array* pair = s.value.if_array();
  if (pair == nullptr) {
    over.group_size = s.integer();
    return;
  }
  if (pair->size() != 2 || !(*pair)[0].is_int64() || !(*pair)[1].is_int64()) s.refuse("a number or two numbers");
  over.group_size_rows = (*pair)[0].get_int64();
  over.group_size = (*pair)[1].get_int64();
}

std::string scale_dtype(const Setting& s) {
  const std::string name = s.text();
  constexpr std::array<std::string_view, 6> kNames = {"fp16", "float16", "bf16", "bfloat16", "fp32", "float32"};
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) s.refuse("fp16, bf16 or fp32");
  return name;
}

/// Lays one key over the entry's fields.
void set_field(const Setting& s, SchemeOverride& over) {
  if (s.key == "bits")
    over.bits = s.small();
  else if (s.key == "group_size")
    set_group_size(s, over);
  else if (s.key == "sym")
    over.sym = s.boolean();
  else if (s.key == "data_type")
    over.data_type = s.text();
  else if (s.key == "act_bits")
    over.act_bits = s.small();
  else if (s.key == "act_group_size")
    over.act_group_size = s.integer();
  else if (s.key == "act_sym")
    over.act_sym = s.boolean();
  else if (s.key == "act_data_type")
    over.act_data_type = s.text();
  else if (s.key == "act_dynamic")
    over.act_dynamic = s.boolean();
  else if (s.key == "super_bits")
    over.super_bits = s.small();
  else if (s.key == "super_group_size")
    over.super_group_size = s.small();
  else if (s.key == "scale_dtype")
    over.scale_dtype = scale_dtype(s);
  else if (s.key == "fixed_by_user")
    (void)s.boolean();  // every entry of the user is
  else
    base::refuse("--layer_config: layer {}: unknown key {}; the keys are {}", s.layer, s.key, kKeys);
}

/// `scheme` names a preset that the other keys override, wherever it stands.
SchemeOverride read_fields(const std::string& layer, const json::object& object) {
  SchemeOverride over;
  if (const json::value* name = object.if_contains("scheme"); name != nullptr && !name->is_null()) {
    over = quant::preset_fields(Setting{layer, "scheme", *name}.text());
  }
  for (const auto& member : object) {
    const Setting setting{layer, {member.key().data(), member.key().size()}, member.value()};
    if (!member.value().is_null() && setting.key != "scheme") set_field(setting, over);
  }
  return over;
}

json::value group_size_value(const Scheme& s) {
  if (s.group_size_rows == 0) return s.group_size;
  return json::array{s.group_size_rows, s.group_size};
}

template <typename T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

}  // namespace

LayerEntry read_layer_entry(const std::string& layer, const json::value& value, const Scheme& global) {
  SchemeOverride over;
  if (const json::string* name = value.if_string()) {
    over = quant::preset_fields({name->data(), name->size()});
  } else if (const json::object* object = value.if_object()) {
    over = read_fields(layer, *object);
  } else {
    base::refuse("--layer_config: layer {}: got {}; expected a scheme name or {{key: value, ...}}", layer,
                 json::serialize(value));
  }
  LayerEntry entry;
  entry.scheme = quant::apply(global, over);
  entry.scale_dtype = over.scale_dtype;
  quant::validate(entry.scheme, "--layer_config: layer " + layer);
  return entry;
}

LayerEntry ignored_entry(const Scheme& global) {
  SchemeOverride over;
  over.bits = 16;
  over.act_bits = 16;
  over.data_type = "float";
  over.act_data_type = "float";
  LayerEntry entry;
  entry.scheme = quant::apply(global, over);
  entry.ignored = true;
  return entry;
}

json::object all_fields(const Scheme& s) {
  return {{"bits", s.bits},
          {"group_size", group_size_value(s)},
          {"sym", s.sym},
          {"data_type", s.data_type},
          {"act_bits", s.act_bits},
          {"act_group_size", s.act_group_size},
          {"act_sym", s.act_sym},
          {"act_data_type", s.act_data_type},
          {"act_dynamic", s.act_dynamic},
          {"super_bits", or_null(s.super_bits)},
          {"super_group_size", or_null(s.super_group_size)},
          {"rotation_config", nullptr}};
}

json::object differing_fields(const Scheme& scheme, const Scheme& global) {
  const json::object mine = all_fields(scheme);
  const json::object theirs = all_fields(global);
  json::object out;
  for (const auto& member : mine) {
    if (!member.value().is_null() && member.value() != theirs.at(member.key())) out[member.key()] = member.value();
  }
  return out;
}

}  // namespace ar::model
