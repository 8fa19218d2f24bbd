#pragma once

#include <string_view>

#include "core/calib/jinja/value.hpp"

namespace ar::jinja {

/// + - * / // % ** with Python's rules for numbers, strings and lists.
Value arithmetic(std::string_view op, const Value& a, const Value& b);
Value negate(const Value& a);

}  // namespace ar::jinja
