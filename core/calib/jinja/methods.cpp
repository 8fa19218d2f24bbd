#include <map>

#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/text.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {
namespace {

using StringMethod = Value (*)(const std::string& text, const Arguments& arguments);
using DictMethod = Value (*)(const Mapping& dict, const Arguments& arguments);

Value texts(std::vector<std::string> parts) {
  std::vector<Value> items;
  for (auto& part : parts) items.emplace_back(std::move(part));
  return Value::list(std::move(items));
}

template <Side kSide>
Value strip_method(const std::string& text, const Arguments& arguments) {
  const auto chars = arguments.get(0, "chars");
  return strip(text, chars.is_none() ? "" : arguments.text(0, "chars"), kSide);
}

template <bool kFromRight>
Value split_method(const std::string& text, const Arguments& arguments) {
  const auto limit = arguments.integer(1, "maxsplit", -1);
  if (arguments.get(0, "sep").is_none()) {
    if (kFromRight && limit >= 0) fail("rsplit needs a separator here");
    return texts(split_blanks(text, limit));
  }
  const auto separator = arguments.text(0, "sep");
  if (separator.empty()) fail("empty separator");
  return texts(kFromRight ? split_from_right(text, separator, limit) : split(text, separator, limit));
}

bool has_affix(const std::string& text, const std::string& affix, bool at_end) {
  if (affix.size() > text.size()) return false;
  return text.compare(at_end ? text.size() - affix.size() : 0, affix.size(), affix) == 0;
}

template <bool kAtEnd>
Value affix_method(const std::string& text, const Arguments& arguments) {
  const auto affix = arguments.get(0, "");
  if (const auto* tuple = affix.as_sequence()) {
    for (const auto& item : tuple->items) {
      if (item.as_string() != nullptr && has_affix(text, *item.as_string(), kAtEnd)) return true;
    }
    return false;
  }
  return has_affix(text, arguments.text(0, ""), kAtEnd);
}

template <bool kAtEnd>
Value remove_affix(const std::string& text, const Arguments& arguments) {
  const auto affix = arguments.text(0, "");
  if (!has_affix(text, affix, kAtEnd)) return text;
  return kAtEnd ? text.substr(0, text.size() - affix.size()) : text.substr(affix.size());
}

Value replace_method(const std::string& text, const Arguments& arguments) {
  return replace(text, arguments.text(0, "old"), arguments.text(1, "new"), arguments.integer(2, "count", -1));
}

Value join_method(const std::string& text, const Arguments& arguments) {
  std::string out;
  bool first = true;
  for (const auto& item : arguments.get(0, "").iterate()) {
    if (item.as_string() == nullptr) fail("join: expected str instance, {} found", item.type_name());
    out += (first ? "" : text) + *item.as_string();
    first = false;
  }
  return out;
}

template <bool kMustBeThere>
Value find_text(const std::string& text, const Arguments& arguments) {
  const auto at = text.find(arguments.text(0, ""));
  if (at != std::string::npos)
    return static_cast<std::int64_t>(calib::count_code_points(std::string_view(text).substr(0, at)));
  if (kMustBeThere) fail("substring not found");
  return std::int64_t{-1};
}

Value count_text(const std::string& text, const Arguments& arguments) {
  const auto what = arguments.text(0, "");
  if (what.empty()) return static_cast<std::int64_t>(calib::count_code_points(text) + 1);
  return static_cast<std::int64_t>(split(text, what, -1).size() - 1);
}

Value split_lines(const std::string& text, const Arguments& /*arguments*/) {
  auto lines = split(replace(replace(text, "\r\n", "\n", -1), "\r", "\n", -1), "\n", -1);
  if (lines.back().empty()) lines.pop_back();
  return texts(std::move(lines));
}

bool all_of(const std::string& text, bool (*matches)(char)) {
  for (const char c : text) {
    if (!matches(c)) return false;
  }
  return !text.empty();
}

const std::map<std::string_view, StringMethod>& string_methods() {
  static const std::map<std::string_view, StringMethod> table = {
      {"strip", strip_method<Side::kBoth>},
      {"lstrip", strip_method<Side::kLeft>},
      {"rstrip", strip_method<Side::kRight>},
      {"split", split_method<false>},
      {"rsplit", split_method<true>},
      {"splitlines", split_lines},
      {"startswith", affix_method<false>},
      {"endswith", affix_method<true>},
      {"removeprefix", remove_affix<false>},
      {"removesuffix", remove_affix<true>},
      {"replace", replace_method},
      {"join", join_method},
      {"find", find_text<false>},
      {"index", find_text<true>},
      {"count", count_text},
      {"upper", [](const std::string& text, const Arguments&) -> Value { return to_upper(text); }},
      {"lower", [](const std::string& text, const Arguments&) -> Value { return to_lower(text); }},
      {"title", [](const std::string& text, const Arguments&) -> Value { return to_title(text); }},
      {"capitalize", [](const std::string& text, const Arguments&) -> Value { return capitalize(text); }},
      {"isdigit",
       [](const std::string& text, const Arguments&) -> Value {
         return all_of(text, [](char c) { return c >= '0' && c <= '9'; });
       }},
      {"isspace",
       [](const std::string& text, const Arguments&) -> Value {
         return !text.empty() && strip(text, "", Side::kBoth).empty();
       }},
  };
  return table;
}

const std::map<std::string_view, DictMethod>& dict_methods() {
  static const std::map<std::string_view, DictMethod> table = {
      {"items",
       [](const Mapping& dict, const Arguments&) {
         std::vector<Value> out;
         for (const auto& [key, value] : dict.items) out.push_back(Value::tuple({key, value}));
         return Value::list(std::move(out));
       }},
      {"keys",
       [](const Mapping& dict, const Arguments&) {
         std::vector<Value> out;
         for (const auto& item : dict.items) out.push_back(item.first);
         return Value::list(std::move(out));
       }},
      {"values",
       [](const Mapping& dict, const Arguments&) {
         std::vector<Value> out;
         for (const auto& item : dict.items) out.push_back(item.second);
         return Value::list(std::move(out));
       }},
      {"get",
       [](const Mapping& dict, const Arguments& arguments) {
         const auto* value = dict.find(arguments.get(0, "key"));
         return value != nullptr ? *value : arguments.get(1, "default");
       }},
  };
  return table;
}

}  // namespace

Value find_method(const Value& object, std::string_view name) {
  if (const auto* text = object.as_string()) {
    const auto found = string_methods().find(name);
    if (found == string_methods().end()) return Value::undefined("");
    return Value::function(
        [text = *text, method = found->second](const Arguments& arguments) { return method(text, arguments); });
  }
  const auto* mapping = object.as_mapping();
  if (mapping == nullptr || mapping->is_namespace) return Value::undefined("");
  const auto found = dict_methods().find(name);
  if (found == dict_methods().end()) return Value::undefined("");
  return Value::function(
      [object, method = found->second](const Arguments& arguments) { return method(*object.as_mapping(), arguments); });
}

Value get_attribute(const Value& object, const std::string& name) {
  if (const auto* undefined = object.as<Undefined>()) fail("{}", undefined->what);
  auto method = find_method(object, name);
  if (!method.is_undefined()) return method;
  const auto* mapping = object.as_mapping();
  const auto* value = mapping != nullptr ? mapping->find(name) : nullptr;
  if (value != nullptr) return *value;
  return Value::undefined(fmt::format("'{} object' has no attribute '{}'", object.type_name(), name));
}

Value get_item(const Value& object, const Value& key) {
  if (const auto* undefined = object.as<Undefined>()) fail("{}", undefined->what);
  if (const auto* mapping = object.as_mapping()) {
    if (const auto* value = mapping->find(key)) return *value;
  }
  if (key.as_string() != nullptr) return get_attribute(object, *key.as_string());
  const bool indexable = object.as_sequence() != nullptr || object.as_string() != nullptr;
  if (indexable && key.as_int() != nullptr) {
    const auto items = object.iterate();
    const auto n = static_cast<std::int64_t>(items.size());
    const auto at = *key.as_int() < 0 ? *key.as_int() + n : *key.as_int();
    if (at >= 0 && at < n) return items[static_cast<std::size_t>(at)];
  }
  return Value::undefined(fmt::format("{} object has no element {}", object.type_name(), key.to_repr()));
}

}  // namespace ar::jinja
