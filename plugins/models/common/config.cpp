#include "plugins/models/common/config.hpp"

#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"

namespace ar::models {
namespace {

boost::json::object parse_object(const std::string& text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) throw Error(AR_INVALID_ARGUMENT, "config.json: " + error.message());
  if (!value.is_object()) throw Error(AR_INVALID_ARGUMENT, "config.json: must be a JSON object");
  return std::move(value.as_object());
}

}  // namespace

Config::Config(const std::string& text) : object_(parse_object(text)) {}

const boost::json::value* Config::find(const char* key) const {
  const boost::json::value* value = object_.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Config::show(const char* key) const {
  const boost::json::value* value = object_.if_contains(key);
  return value == nullptr ? "absent" : boost::json::serialize(*value);
}

void Config::refuse(const char* key, const std::string& accepted) const {
  throw Error(AR_UNSUPPORTED, "config.json: " + where_ + key + " is " + show(key) + ": must be " + accepted);
}

void Config::missing(const char* key) const {
  throw Error(AR_INVALID_ARGUMENT, "config.json: " + where_ + key + " is missing");
}

std::optional<double> Config::number(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) refuse(key, "a number");
  return value->to_number<double>();
}

std::optional<int64_t> Config::integer(const char* key) const {
  const std::optional<double> value = number(key);
  if (!value) return std::nullopt;
  if (!(std::fabs(*value) < 0x1p53) || *value != std::floor(*value)) refuse(key, "a whole number");
  return static_cast<int64_t>(*value);
}

std::optional<bool> Config::flag(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) refuse(key, "true or false");
  return value->as_bool();
}

std::optional<std::string> Config::text(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(key, "a string");
  return std::string(value->as_string());
}

std::optional<Config> Config::object(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) refuse(key, "an object");
  return Config(value->as_object(), where_ + key + ".");
}

Config Config::over(const char* key) const {
  Config merged = *this;
  if (const auto inner = object(key)) {
    for (const auto& member : inner->object_) merged.object_[member.key()] = member.value();
  }
  return merged;
}

std::vector<std::string> Config::texts(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) refuse(key, "a list of strings");
  std::vector<std::string> items;
  for (const auto& item : value->as_array()) {
    if (!item.is_string()) refuse(key, "a list of strings");
    items.emplace_back(item.as_string());
  }
  return items;
}

std::vector<double> Config::numbers(const char* key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) refuse(key, "a list of numbers");
  std::vector<double> items;
  for (const auto& item : value->as_array()) {
    if (!item.is_number()) refuse(key, "a list of numbers");
    items.push_back(item.to_number<double>());
  }
  return items;
}

}  // namespace ar::models
