#include "common/stored_config.hpp"

#include <regex>

#include "ar/cpp/error.hpp"

namespace ar::formats {

std::string text_of(const boost::json::object& config, const char* key) {
  const boost::json::value* value = config.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool matches(const std::string& pattern, const std::string& name, const std::string& where, bool whole) {
  try {
    const std::regex expression(pattern);
    return whole ? std::regex_match(name, expression) : std::regex_search(name, expression);
  } catch (const std::regex_error&) {
    throw Error(AR_INVALID_ARGUMENT, where + ": '" + pattern + "' is not a regular expression");
  }
}

}  // namespace ar::formats
