#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "core/calib/jinja/arithmetic.hpp"
#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/text.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {
namespace {

using Filter = Value (*)(const Value& input, const Arguments& arguments);

Value length(const Value& input, const Arguments& /*arguments*/) {
  if (const auto* text = input.as_string()) return static_cast<std::int64_t>(calib::count_code_points(*text));
  if (!input.is_undefined() && input.as_sequence() == nullptr && input.as_mapping() == nullptr) {
    fail("object of type '{}' has no len()", input.type_name());
  }
  return static_cast<std::int64_t>(input.iterate().size());
}

Value or_default(const Value& input, const Arguments& arguments) {
  const bool replace_false = arguments.get(1, "boolean", false).truth();
  return input.is_undefined() || (replace_false && !input.truth()) ? arguments.get(0, "default_value", "") : input;
}

/// item.a.b or item.0 for the argument "attribute"; the item itself without one.
Value attribute_of(const Value& item, const Value& attribute) {
  if (attribute.is_none()) return item;
  Value value = item;
  for (const auto& part : split(attribute.to_text(), ".", -1)) {
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    value = index ? get_item(value, static_cast<std::int64_t>(std::atoll(part.c_str()))) : get_item(value, part);
  }
  return value;
}

Value join(const Value& input, const Arguments& arguments) {
  const auto separator = arguments.get(0, "d", "").to_text();
  std::string out;
  bool first = true;
  for (const auto& item : input.iterate()) {
    if (!first) out += separator;
    out += attribute_of(item, arguments.get(1, "attribute")).to_text();
    first = false;
  }
  return out;
}

Value first_item(const Value& input, const Arguments& /*arguments*/) {
  auto items = input.iterate();
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}

Value last_item(const Value& input, const Arguments& /*arguments*/) {
  auto items = input.iterate();
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value reverse(const Value& input, const Arguments& /*arguments*/) {
  auto items = input.iterate();
  std::reverse(items.begin(), items.end());
  if (input.as_string() == nullptr) return Value::list(std::move(items));
  std::string out;
  for (const auto& item : items) out += item.to_text();
  return out;
}

/// What strings are sorted by unless case counts.
Value sort_key(const Value& value, bool case_sensitive) {
  return !case_sensitive && value.as_string() != nullptr ? Value(to_lower(*value.as_string())) : value;
}

Value sort_by(std::vector<Value> items, const Value& attribute, bool case_sensitive, bool descending) {
  const auto key = [&](const Value& item) { return sort_key(attribute_of(item, attribute), case_sensitive); };
  std::stable_sort(items.begin(), items.end(), [&](const Value& a, const Value& b) {
    return descending ? less(key(b), key(a)) : less(key(a), key(b));
  });
  return Value::list(std::move(items));
}

Value sort(const Value& input, const Arguments& arguments) {
  return sort_by(input.iterate(), arguments.get(2, "attribute"), arguments.get(1, "case_sensitive", false).truth(),
                 arguments.get(0, "reverse", false).truth());
}

Value items(const Value& input, const Arguments& /*arguments*/) {
  if (input.is_undefined()) return Value::list({});
  const auto* mapping = input.as_mapping();
  if (mapping == nullptr) fail("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const auto& [key, value] : mapping->items) pairs.push_back(Value::tuple({key, value}));
  return Value::list(std::move(pairs));
}

Value dictsort(const Value& input, const Arguments& arguments) {
  const auto by = arguments.text(1, "by", "key");
  if (by != "key" && by != "value") fail("You can only sort by either \"key\" or \"value\"");
  return sort_by(items(input, {}).iterate(), by == "key" ? "0" : "1", arguments.get(0, "case_sensitive", false).truth(),
                 arguments.get(2, "reverse", false).truth());
}

Value unique(const Value& input, const Arguments& arguments) {
  std::vector<Value> keys;
  std::vector<Value> out;
  for (const auto& item : input.iterate()) {
    auto key =
        sort_key(attribute_of(item, arguments.get(1, "attribute")), arguments.get(0, "case_sensitive", false).truth());
    if (std::any_of(keys.begin(), keys.end(), [&](const Value& known) { return equal(known, key); })) continue;
    keys.push_back(std::move(key));
    out.push_back(item);
  }
  return Value::list(std::move(out));
}

/// The arguments behind the first `count`.
Arguments rest_of(const Arguments& arguments, std::size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(std::min(count, rest.positional.size())));
  return rest;
}

Value map(const Value& input, const Arguments& arguments) {
  std::vector<Value> out;
  const auto attribute = arguments.positional.empty() ? arguments.get(0, "attribute") : Value();
  for (const auto& item : input.iterate()) {
    if (attribute.is_none()) {
      out.push_back(apply_filter(arguments.text(0, "filter"), item, rest_of(arguments, 1)));
      continue;
    }
    auto value = attribute_of(item, attribute);
    const auto* fallback = arguments.find(1, "default");
    out.push_back(value.is_undefined() && fallback != nullptr ? *fallback : std::move(value));
  }
  return Value::list(std::move(out));
}

template <bool kByAttribute, bool kWanted>
Value choose(const Value& input, const Arguments& arguments) {
  constexpr std::size_t kTestAt = kByAttribute ? 1 : 0;
  std::vector<Value> out;
  for (const auto& item : input.iterate()) {
    const auto value = kByAttribute ? attribute_of(item, arguments.get(0, "attribute")) : item;
    const auto* test = arguments.find(kTestAt, "");
    const bool holds =
        test == nullptr ? value.truth() : apply_test(test->to_text(), value, rest_of(arguments, kTestAt + 1));
    if (holds == kWanted) out.push_back(item);
  }
  return Value::list(std::move(out));
}

Value indent(const Value& input, const Arguments& arguments) {
  const auto width = arguments.get(0, "width", std::int64_t{4});
  const auto* count = width.as_int();
  const auto margin = count != nullptr
                          ? std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(*count, 0, 1000)), ' ')
                          : width.to_text();
  const bool blank = arguments.get(2, "blank", false).truth();
  std::string out = arguments.get(1, "first", false).truth() ? margin : "";
  bool first = true;
  for (const auto& line : split(input.to_text(), "\n", -1)) {
    if (!first) out += "\n" + (line.empty() && !blank ? "" : margin);
    out += line;
    first = false;
  }
  return out;
}

Value to_integer(const Value& input, const Arguments& arguments) {
  const auto fallback = arguments.get(0, "default", std::int64_t{0});
  if (const auto* text = input.as_string()) {
    const auto digits = strip(*text, "", Side::kBoth);
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    if (digits.empty() || *end != '\0' || !(std::abs(number) < 9e18)) return fallback;
    return static_cast<std::int64_t>(number);
  }
  if (!input.is_number() || !(std::abs(input.to_double()) < 9e18)) return fallback;
  return input.as_int() != nullptr ? input : Value(static_cast<std::int64_t>(input.to_double()));
}

Value to_float(const Value& input, const Arguments& arguments) {
  if (input.is_number()) return input.to_double();
  const auto text = strip(input.to_text(), "", Side::kBoth);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? arguments.get(0, "default", 0.0) : Value(number);
}

Value absolute(const Value& input, const Arguments& /*arguments*/) {
  if (!input.is_number()) fail("bad operand type for abs(): '{}'", input.type_name());
  return input.to_double() < 0 ? negate(input) : input;
}

/// Python's round(): a tie goes to the even neighbour.
Value round_number(const Value& input, const Arguments& arguments) {
  const double scale = std::pow(10.0, static_cast<double>(arguments.integer(0, "precision", 0)));
  const auto method = arguments.text(1, "method", "common");
  const double scaled = to_float(input, {}).to_double() * scale;
  if (method == "ceil") return std::ceil(scaled) / scale;
  if (method == "floor") return std::floor(scaled) / scale;
  return std::nearbyint(scaled) / scale;
}

Value sum(const Value& input, const Arguments& arguments) {
  Value total = arguments.get(1, "start", std::int64_t{0});
  for (const auto& item : input.iterate())
    total = arithmetic("+", total, attribute_of(item, arguments.get(0, "attribute")));
  return total;
}

template <bool kLargest>
Value extreme(const Value& input, const Arguments& /*arguments*/) {
  const auto all = input.iterate();
  if (all.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  return *(kLargest ? std::max_element(all.begin(), all.end(), less) : std::min_element(all.begin(), all.end(), less));
}

Value trim(const Value& input, const Arguments& arguments) {
  return strip(input.to_text(), arguments.text(0, "chars"), Side::kBoth);
}

Value replace_text(const Value& input, const Arguments& arguments) {
  return replace(input.to_text(), arguments.get(0, "old").to_text(), arguments.get(1, "new").to_text(),
                 arguments.integer(2, "count", -1));
}

const std::map<std::string_view, Filter>& filters() {
  static const std::map<std::string_view, Filter> table = {
      {"abs", absolute},
      {"count", length},
      {"d", or_default},
      {"default", or_default},
      {"dictsort", dictsort},
      {"first", first_item},
      {"float", to_float},
      {"indent", indent},
      {"int", to_integer},
      {"items", items},
      {"join", join},
      {"last", last_item},
      {"length", length},
      {"map", map},
      {"max", extreme<true>},
      {"min", extreme<false>},
      {"reject", choose<false, false>},
      {"rejectattr", choose<true, false>},
      {"replace", replace_text},
      {"reverse", reverse},
      {"round", round_number},
      {"select", choose<false, true>},
      {"selectattr", choose<true, true>},
      {"sort", sort},
      {"sum", sum},
      {"trim", trim},
      {"unique", unique},
      {"capitalize", [](const Value& v, const Arguments&) -> Value { return capitalize(v.to_text()); }},
      {"list", [](const Value& v, const Arguments&) { return Value::list(v.iterate()); }},
      {"lower", [](const Value& v, const Arguments&) -> Value { return to_lower(v.to_text()); }},
      {"safe", [](const Value& v, const Arguments&) -> Value { return v.to_text(); }},
      {"string", [](const Value& v, const Arguments&) -> Value { return v.to_text(); }},
      {"title", [](const Value& v, const Arguments&) -> Value { return to_title(v.to_text()); }},
      {"tojson", [](const Value& v, const Arguments& a) -> Value { return to_json(v, a); }},
      {"upper", [](const Value& v, const Arguments&) -> Value { return to_upper(v.to_text()); }},
  };
  return table;
}

}  // namespace

Value apply_filter(const std::string& name, const Value& input, const Arguments& arguments) {
  const auto found = filters().find(name);
  if (found == filters().end()) fail("the filter '{}' is not supported", name);
  return found->second(input, arguments);
}

}  // namespace ar::jinja
