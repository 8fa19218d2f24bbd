#include "core/calib/jinja/value.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "core/calib/jinja/text.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {

const Value* Mapping::find(const Value& key) const {
  for (const auto& [known, value] : items) {
    if (equal(known, key)) return &value;
  }
  return nullptr;
}

void Mapping::set(Value key, Value value) {
  for (auto& [known, old] : items) {
    if (!equal(known, key)) continue;
    old = std::move(value);
    return;
  }
  items.emplace_back(std::move(key), std::move(value));
}

Value Value::list(std::vector<Value> items) { return std::make_shared<Sequence>(Sequence{std::move(items), false}); }
Value Value::tuple(std::vector<Value> items) { return std::make_shared<Sequence>(Sequence{std::move(items), true}); }
Value Value::dict(std::vector<std::pair<Value, Value>> items) {
  return std::make_shared<Mapping>(Mapping{std::move(items), false});
}
Value Value::function(Function body) { return std::make_shared<Function>(std::move(body)); }

Value Value::from_json(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null: return None{};
    case boost::json::kind::bool_: return json.get_bool();
    case boost::json::kind::int64: return json.get_int64();
    case boost::json::kind::uint64: return static_cast<double>(json.get_uint64());
    case boost::json::kind::double_: return json.get_double();
    case boost::json::kind::string: return std::string(json.get_string());
    case boost::json::kind::array: break;
    case boost::json::kind::object: {
      std::vector<std::pair<Value, Value>> items;
      for (const auto& [key, value] : json.get_object()) items.emplace_back(std::string(key), from_json(value));
      return dict(std::move(items));
    }
  }
  std::vector<Value> items;
  for (const auto& item : json.get_array()) items.push_back(from_json(item));
  return list(std::move(items));
}

const Sequence* Value::as_sequence() const {
  const auto* shared = as<std::shared_ptr<Sequence>>();
  return shared != nullptr ? shared->get() : nullptr;
}

Mapping* Value::as_mapping() const {
  const auto* shared = as<std::shared_ptr<Mapping>>();
  return shared != nullptr ? shared->get() : nullptr;
}

const Function* Value::as_function() const {
  const auto* shared = as<std::shared_ptr<Function>>();
  return shared != nullptr ? shared->get() : nullptr;
}

double Value::to_double() const {
  if (const auto* flag = as<bool>()) return *flag ? 1 : 0;
  if (const auto* integer = as_int()) return static_cast<double>(*integer);
  return *as<double>();
}

bool Value::truth() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return to_double() != 0;
  if (const auto* text = as_string()) return !text->empty();
  if (const auto* sequence = as_sequence()) return !sequence->items.empty();
  if (const auto* mapping = as_mapping()) return mapping->is_namespace || !mapping->items.empty();
  return true;
}

std::string Value::to_text() const {
  if (const auto* text = as_string()) return *text;
  return is_undefined() ? std::string() : to_repr();
}

std::string Value::to_repr() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "None";
  if (const auto* flag = as<bool>()) return *flag ? "True" : "False";
  if (const auto* integer = as_int()) return std::to_string(*integer);
  if (const auto* number = as<double>()) return float_repr(*number);
  if (const auto* text = as_string()) return string_repr(*text);
  std::string out;
  if (const auto* sequence = as_sequence()) {
    for (const auto& item : sequence->items) out += (out.empty() ? "" : ", ") + item.to_repr();
    if (!sequence->is_tuple) return "[" + out + "]";
    return "(" + out + (sequence->items.size() == 1 ? ",)" : ")");
  }
  if (const auto* mapping = as_mapping()) {
    if (mapping->is_namespace) return "<Namespace>";  // it may hold itself
    for (const auto& [key, value] : mapping->items) {
      out += (out.empty() ? "" : ", ") + key.to_repr() + ": " + value.to_repr();
    }
    return "{" + out + "}";
  }
  return "<function>";
}

const char* Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (as<bool>() != nullptr) return "bool";
  if (as_int() != nullptr) return "int";
  if (as<double>() != nullptr) return "float";
  if (as_string() != nullptr) return "str";
  if (const auto* sequence = as_sequence()) return sequence->is_tuple ? "tuple" : "list";
  if (as_mapping() != nullptr) return "dict";
  return "function";
}

std::vector<Value> Value::iterate() const {
  std::vector<Value> out;
  if (is_undefined()) return out;
  if (const auto* sequence = as_sequence()) return sequence->items;
  if (const auto* mapping = as_mapping()) {
    for (const auto& item : mapping->items) out.push_back(item.first);
    return out;
  }
  if (const auto* text = as_string()) {
    for (std::size_t at = 0; at < text->size(); at += calib::utf8_length((*text)[at])) {
      out.emplace_back(text->substr(at, calib::utf8_length((*text)[at])));
    }
    return out;
  }
  fail("'{}' object is not iterable", type_name());
}

const Value* Arguments::find(std::size_t position, std::string_view name) const {
  if (position < positional.size()) return &positional[position];
  for (const auto& [known, value] : named) {
    if (known == name) return &value;
  }
  return nullptr;
}

Value Arguments::get(std::size_t position, std::string_view name, Value fallback) const {
  const auto* value = find(position, name);
  return value != nullptr ? *value : std::move(fallback);
}

std::string Arguments::text(std::size_t position, std::string_view name, std::string_view fallback) const {
  const auto* value = find(position, name);
  if (value == nullptr) return std::string(fallback);
  if (value->as_string() == nullptr) fail("argument {} is a {}; expected a string", name, value->type_name());
  return *value->as_string();
}

std::int64_t Arguments::integer(std::size_t position, std::string_view name, std::int64_t fallback) const {
  const auto* value = find(position, name);
  if (value == nullptr) return fallback;
  if (value->as_int() == nullptr) fail("argument {} is a {}; expected an integer", name, value->type_name());
  return *value->as_int();
}

namespace {

bool equal_mappings(const Mapping& a, const Mapping& b) {
  if (&a == &b) return true;
  if (a.is_namespace || b.is_namespace || a.items.size() != b.items.size()) return false;
  return std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
    const auto* other = b.find(item.first);
    return other != nullptr && equal(item.second, *other);
  });
}

}  // namespace

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.as_int() != nullptr && b.as_int() != nullptr) return *a.as_int() == *b.as_int();
    return a.to_double() == b.to_double();
  }
  if (a.as_string() != nullptr && b.as_string() != nullptr) return *a.as_string() == *b.as_string();
  if (a.as_sequence() != nullptr && b.as_sequence() != nullptr) {
    const auto& x = *a.as_sequence();
    const auto& y = *b.as_sequence();
    return x.is_tuple == y.is_tuple &&
           std::equal(x.items.begin(), x.items.end(), y.items.begin(), y.items.end(), equal);
  }
  if (a.as_mapping() != nullptr && b.as_mapping() != nullptr) return equal_mappings(*a.as_mapping(), *b.as_mapping());
  if (a.as_function() != nullptr) return a.as_function() == b.as_function();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.as_int() != nullptr && b.as_int() != nullptr) return *a.as_int() < *b.as_int();
    return a.to_double() < b.to_double();
  }
  if (a.as_string() != nullptr && b.as_string() != nullptr) return *a.as_string() < *b.as_string();
  if (a.as_sequence() != nullptr && b.as_sequence() != nullptr) {
    const auto& x = a.as_sequence()->items;
    const auto& y = b.as_sequence()->items;
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), less);
  }
  fail("'<' not supported between instances of '{}' and '{}'", a.type_name(), b.type_name());
}

bool contains(const Value& container, const Value& item) {
  if (const auto* text = container.as_string()) {
    if (item.as_string() == nullptr) fail("'in <string>' requires string as left operand, not {}", item.type_name());
    return text->find(*item.as_string()) != std::string::npos;
  }
  if (const auto* mapping = container.as_mapping()) return mapping->find(item) != nullptr;
  const auto items = container.iterate();
  return std::any_of(items.begin(), items.end(), [&](const Value& known) { return equal(known, item); });
}

}  // namespace ar::jinja
