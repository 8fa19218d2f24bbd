#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "core/calib/jinja/value.hpp"

namespace ar::jinja {

/// Applies the filter of that name; fails on an unknown one.
Value apply_filter(const std::string& name, const Value& input, const Arguments& arguments);
bool apply_test(const std::string& name, const Value& input, const Arguments& arguments);

/// The bound method, or undefined.
Value find_method(const Value& object, std::string_view name);

/// object.name and object[key], with Jinja's order of looking; undefined if there is no such thing.
Value get_attribute(const Value& object, const std::string& name);
Value get_item(const Value& object, const Value& key);

/// range, namespace, dict, raise_exception, strftime_now.
Mapping make_globals(const std::tm& now);

std::string to_json(const Value& value, const Arguments& options);

}  // namespace ar::jinja
