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

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_INVALID_ARGUMENT, "declarations.gguf: " + text); }

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
  if (type == "bools" && value.is_array()) {
    std::vector<bool> items;
    for (const json::value& item : value.get_array()) {
      if (!item.is_bool()) refuse(key + " must be a list of true and false");
      items.push_back(item.get_bool());
    }
    return to_array(items);
  }
  refuse(key + " has type '" + type + "'; accepted: u32, i32, f32, bool, string, i32s, bools, preprocessor");
}

/// Where keys may come from preprocessor_config.json, `preprocessor` says so; their value holds the place.
Metadata read_metadata(const json::object& declared, const char* member,
                       std::map<std::string, std::string>* preprocessor = nullptr) {
  Metadata metadata;
  for (const json::value& item : array_member(declared, member)) {
    const json::array* entry = item.if_array();
    if (entry == nullptr || entry->size() != 3) refuse(std::string(member) + " must be a list of [key, type, value]");
    const std::string key = text_of((*entry)[0], member);
    const std::string type = text_of((*entry)[1], key);
    if (type == "preprocessor" && preprocessor != nullptr) {
      preprocessor->emplace(key, text_of((*entry)[2], key));
      metadata.set(key, 0.0F);
    } else {
      metadata.set(key, typed_value(type, (*entry)[2], key));
    }
  }
  return metadata;
}

std::vector<DeclaredTensor> read_tensors(const json::object& declared) {
  std::vector<DeclaredTensor> tensors;
  for (const json::value& item : array_member(declared, "tensors")) {
    if (!item.is_object()) refuse("tensors must be a list of objects");
    tensors.push_back(parse_tensor(item.get_object()));
  }
  return tensors;
}

const json::object* declared_object(const json::object& plan) {
  const json::value* all = plan.if_contains("declarations");
  const json::value* own = all != nullptr && all->is_object() ? all->get_object().if_contains("gguf") : nullptr;
  return own == nullptr ? nullptr : own->if_object();
}

int64_t integer(const json::object& o, const char* key, int64_t otherwise) {
  const json::value* value = o.if_contains(key);
  return value == nullptr ? otherwise : as<int64_t>(*value, key);
}

/// Part of the stored tensor, and whether the declared shape is that part's: an axis of one place is dropped.
Part parse_part(const json::object& o, const DeclaredTensor& t) {
  Part part;
  for (const json::value& size : array_member(o, "shape")) part.shape.push_back(as<int64_t>(size, t.name));
  part.axis = integer(o, "axis", 0);
  part.begin = integer(o, "begin", 0);
  part.size = integer(o, "size", 0);
  const auto n = static_cast<int64_t>(part.shape.size());
  if (part.axis < 0 || part.axis >= n || part.begin < 0 || part.size < 1 ||
      part.begin > part.shape[static_cast<size_t>(part.axis)] - part.size)
    refuse("tensor '" + t.name + "': its part is outside the stored tensor");
  std::vector<int64_t> shape = part.shape;
  shape[static_cast<size_t>(part.axis)] = part.size;
  if (part.size == 1) shape.erase(shape.begin() + part.axis);
  if (shape != t.shape) refuse("tensor '" + t.name + "' has another shape than its part of the stored tensor");
  return part;
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
  if (const json::value* part = o.if_contains("part"); part != nullptr && part->is_object())
    t.part = parse_part(part->get_object(), t);
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
  const json::object* own = declared_object(plan);
  if (own == nullptr)
    throw Error(AR_UNSUPPORTED,
                "the adapter of this model declares no GGUF names and keys, so it cannot be written as GGUF");
  const json::object& o = *own;
  Declaration d;
  d.architecture = string_member(o, "architecture");
  d.metadata = read_metadata(o, "metadata", &d.preprocessor);
  if (o.contains("last")) d.last = read_metadata(o, "last");
  d.tensors = read_tensors(o);
  if (const json::value* tokenizer = o.if_contains("tokenizer")) {
    const json::object& t = tokenizer->as_object();
    for (const json::value& kind : array_member(t, "kinds")) d.vocabularies.push_back(text_of(kind, "kinds"));
    d.vocab_size = integer(t, "vocab_size", 0);
    if (const json::value* prefix = t.if_contains("space_prefix_from_config"))
      d.space_prefix_from_config = prefix->as_bool();
  }
  return d;
}

std::optional<Declaration> read_mmproj(const json::object& plan) {
  const json::object* own = declared_object(plan);
  if (own == nullptr || !own->contains("mmproj")) return std::nullopt;
  const json::object& o = object_member(*own, "mmproj");
  if (o.contains("refused")) throw Error(AR_UNSUPPORTED, std::string(string_member(o, "refused")));
  Declaration d;
  d.architecture = string_member(o, "architecture");
  d.metadata = read_metadata(o, "metadata", &d.preprocessor);
  d.tensors = read_tensors(o);
  return d;
}

}  // namespace ar::gguf
