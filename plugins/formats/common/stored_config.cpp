#include "common/stored_config.hpp"

#include <regex>

#include "ar/cpp/error.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

const json::object* extra_config(const json::object& config) {
  const json::value* extra = config.if_contains("extra_config");
  return extra == nullptr ? nullptr : extra->if_object();
}

const json::object* extra_entry(const json::object& extra, const std::string& layer) {
  if (const auto* entry = extra.if_contains(layer)) return entry->if_object();
  for (const auto& pair : extra) {
    if (matches(std::string(pair.key()), layer, "extra_config")) return pair.value().if_object();
  }
  return nullptr;
}

}  // namespace

Scheme configured_scheme(const json::object& config) {
  Scheme defaults;
  defaults.bits = 4;
  defaults.group_size = 128;
  return scheme_of(config, defaults, "quantization_config");
}

Scheme configured_scheme(const json::object& config, const std::string& layer) {
  const Scheme scheme = configured_scheme(config);
  const json::object* extra = extra_config(config);
  const json::object* entry = extra == nullptr ? nullptr : extra_entry(*extra, layer);
  return entry == nullptr ? scheme : scheme_of(*entry, scheme, "extra_config of layer '" + layer + "'");
}

bool has_own_entry(const json::object& config, const std::string& layer) {
  const json::object* extra = extra_config(config);
  return extra != nullptr && extra->contains(layer);
}

std::string text_of(const boost::json::object& config, const char* key) {
  const boost::json::value* value = config.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool matches(const std::string& pattern, const std::string& name, const std::string& where, bool whole) {
  constexpr std::size_t kLongest = 1000;  // std::regex recurses by nesting: longer ones can exhaust the stack
  if (pattern.size() > kLongest) {
    throw Error(AR_INVALID_ARGUMENT, where + ": a pattern of " + std::to_string(pattern.size()) +
                                         " characters: must be at most " + std::to_string(kLongest));
  }
  try {
    const std::regex expression(pattern);
    return whole ? std::regex_match(name, expression) : std::regex_search(name, expression);
  } catch (const std::regex_error&) {
    throw Error(AR_INVALID_ARGUMENT, where + ": '" + pattern + "' is not a regular expression");
  }
}

}  // namespace ar::formats
