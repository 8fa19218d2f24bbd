#include "declaration.hpp"

#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;
using formats::array_member;
using formats::object_member;
using formats::string_member;

[[noreturn]] void refuse(const std::string& text) {
  throw Error(AR_INVALID_ARGUMENT, "declarations.gguf: " + text);
}

template <typename T>
T as(const json::value& value, const std::string& where) {
  boost::system::error_code error;
  const T number = value.to_number<T>(error);
  if (error) refuse(where + " is " + json::serialize(value) + ", which does not fit its type");
  return number;
}

std::string text_of(const json::value& value, const std::string& where) {
  if (!value.is_string()) refuse(where + " must be a string");
  return std::string(value.get_string());
}

Value typed_value(const std::string& type, const json::value& value, const std::string& key) {
  if (type == "u32") return as<uint32_t>(value, key);
  if (type == "i32") return as<int32_t>(value, key);
  if (type == "f32") return static_cast<float>(as<double>(value, key));
  if (type == "bool" && value.is_bool()) return value.get_bool();
  if (type == "string") return text_of(value, key);
  if (type == "i32s" && value.is_array()) {
    std::vector<int32_t> items;
    for (const json::value& item : value.get_array()) items.push_back(as<int32_t>(item, key));
    return to_array(items);
  }
  refuse(key + " has type '" + type + "'; accepted: u32, i32, f32, bool, string, i32s");
}

Metadata read_metadata(const json::object& declared, const char* member) {
  Metadata metadata;
  for (const json::value& item : array_member(declared, member)) {
    const json::array* entry = item.if_array();
    if (entry == nullptr || entry->size() != 3) refuse(std::string(member) + " must be a list of [key, type, value]");
    const std::string key = text_of((*entry)[0], member);
    metadata.set(key, typed_value(text_of((*entry)[1], key), (*entry)[2], key));
  }
  return metadata;
}

int64_t integer(const json::object& o, const char* key, int64_t otherwise) {
  const json::value* value = o.if_contains(key);
  return value == nullptr ? otherwise : as<int64_t>(*value, key);
}

}  // namespace

DeclaredTensor parse_tensor(const json::object& o) {
  DeclaredTensor t;
  t.name = string_member(o, "name");
  for (const json::value& size : array_member(o, "shape")) t.shape.push_back(as<int64_t>(size, t.name));
  if (const json::value* values = o.if_contains("values")) {
    for (const json::value& v : values->as_array()) t.values.push_back(static_cast<float>(as<double>(v, t.name)));
  } else {
    t.source = string_member(o, "source");
  }
  t.rope_heads = integer(o, "rope_heads", 0);
  if (const json::value* add = o.if_contains("add")) t.add = static_cast<float>(as<double>(*add, t.name));
  if (const json::value* program = o.if_contains("activations")) t.activations = text_of(*program, t.name);
  t.slice = integer(o, "slice", -1);
  t.slices = integer(o, "slices", 0);
  if (t.slice >= t.slices && t.slice != -1) refuse("tensor '" + t.name + "' has a slice outside its stack");
  if (t.shape.empty()) refuse("tensor '" + t.name + "' has no shape");
  if (t.rope_heads > 0 && t.shape.front() % (2 * t.rope_heads) != 0)
    refuse("tensor '" + t.name + "': its rows do not make " + std::to_string(t.rope_heads) + " heads of even width");
  return t;
}

std::vector<int64_t> DeclaredTensor::stored_shape() const {
  std::vector<int64_t> stacked = shape;
  if (slice >= 0) stacked.insert(stacked.begin(), slices);
  return stacked;
}

int64_t Declaration::number(const std::string& key) const {
  const Value* value = metadata.find(architecture + "." + key);
  const auto* number = value == nullptr ? nullptr : std::get_if<uint32_t>(value);
  return number == nullptr ? 0 : *number;
}

bool Declaration::has_tensor(const std::string& name) const {
  for (const DeclaredTensor& t : tensors) {
    if (t.name == name) return true;
  }
  return false;
}

Declaration read_declaration(const json::object& plan) {
  const json::value* all = plan.if_contains("declarations");
  const json::value* own = all != nullptr && all->is_object() ? all->get_object().if_contains("gguf") : nullptr;
  if (own == nullptr || !own->is_object())
    throw Error(AR_UNSUPPORTED, "the adapter of this model declares no GGUF names and keys, so it cannot be written as GGUF");
  const json::object& o = own->get_object();
  Declaration d;
  d.architecture = string_member(o, "architecture");
  d.metadata = read_metadata(o, "metadata");
  if (o.contains("last")) d.last = read_metadata(o, "last");
  for (const json::value& item : array_member(o, "tensors")) {
    if (!item.is_object()) refuse("tensors must be a list of objects");
    d.tensors.push_back(parse_tensor(item.get_object()));
  }
  if (const json::value* tokenizer = o.if_contains("tokenizer")) {
    const json::object& t = tokenizer->as_object();
    for (const json::value& kind : array_member(t, "kinds")) d.vocabularies.push_back(text_of(kind, "kinds"));
    d.vocab_size = integer(t, "vocab_size", 0);
    if (const json::value* prefix = t.if_contains("space_prefix_from_config")) d.space_prefix_from_config = prefix->as_bool();
  }
  return d;
}

}  // namespace ar::gguf
