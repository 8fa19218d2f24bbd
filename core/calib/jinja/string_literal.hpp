#pragma once

#include <string>
#include <string_view>

namespace ar::jinja {

/// The value of a Python string literal without its quotes.
std::string unescape(std::string_view literal);

}  // namespace ar::jinja
