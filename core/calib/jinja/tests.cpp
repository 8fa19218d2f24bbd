#include <map>

#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/text.hpp"

namespace ar::jinja {
namespace {

using Test = bool (*)(const Value& value, const Arguments& arguments);

std::int64_t integer_of(const Value& value) {
  if (value.as_int() == nullptr) fail("'{}' is no integer", value.type_name());
  return *value.as_int();
}

bool is_divisible(const Value& value, const Arguments& arguments) {
  const auto by = arguments.integer(0, "num", 0);
  if (by == 0) fail("integer division or modulo by zero");
  return integer_of(value) % by == 0;
}

bool is_equal(const Value& value, const Arguments& arguments) { return equal(value, arguments.get(0, "other")); }
bool is_iterable(const Value& value, const Arguments& /*arguments*/) {
  return value.is_undefined() || value.as_string() != nullptr || value.as_sequence() != nullptr ||
         value.as_mapping() != nullptr;
}

const std::map<std::string_view, Test>& tests() {
  static const std::map<std::string_view, Test> table = {
      {"defined", [](const Value& v, const Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](const Value& v, const Arguments&) { return v.is_undefined(); }},
      {"none", [](const Value& v, const Arguments&) { return v.is_none(); }},
      {"string", [](const Value& v, const Arguments&) { return v.as_string() != nullptr; }},
      {"mapping",
       [](const Value& v, const Arguments&) { return v.as_mapping() != nullptr && !v.as_mapping()->is_namespace; }},
      {"iterable", is_iterable},
      {"sequence", is_iterable},
      {"number", [](const Value& v, const Arguments&) { return v.is_number(); }},
      {"integer", [](const Value& v, const Arguments&) { return v.as_int() != nullptr; }},
      {"float", [](const Value& v, const Arguments&) { return v.as<double>() != nullptr; }},
      {"boolean", [](const Value& v, const Arguments&) { return v.as<bool>() != nullptr; }},
      {"true", [](const Value& v, const Arguments&) { return v.as<bool>() != nullptr && *v.as<bool>(); }},
      {"false", [](const Value& v, const Arguments&) { return v.as<bool>() != nullptr && !*v.as<bool>(); }},
      {"callable", [](const Value& v, const Arguments&) { return v.as_function() != nullptr; }},
      {"even", [](const Value& v, const Arguments&) { return integer_of(v) % 2 == 0; }},
      {"odd", [](const Value& v, const Arguments&) { return integer_of(v) % 2 != 0; }},
      {"divisibleby", is_divisible},
      {"eq", is_equal},
      {"equalto", is_equal},
      {"==", is_equal},
      {"sameas", is_equal},
      {"ne", [](const Value& v, const Arguments& a) { return !is_equal(v, a); }},
      {"lt", [](const Value& v, const Arguments& a) { return less(v, a.get(0, "other")); }},
      {"gt", [](const Value& v, const Arguments& a) { return less(a.get(0, "other"), v); }},
      {"in", [](const Value& v, const Arguments& a) { return contains(a.get(0, "seq"), v); }},
      {"lower", [](const Value& v, const Arguments&) { return to_lower(v.to_text()) == v.to_text(); }},
      {"upper", [](const Value& v, const Arguments&) { return to_upper(v.to_text()) == v.to_text(); }},
  };
  return table;
}

}  // namespace

bool apply_test(const std::string& name, const Value& input, const Arguments& arguments) {
  const auto found = tests().find(name);
  if (found == tests().end()) fail("the test '{}' is not supported", name);
  return found->second(input, arguments);
}

}  // namespace ar::jinja
