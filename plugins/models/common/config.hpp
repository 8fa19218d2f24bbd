#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace ar::models {

/// config.json as typed fields. A key that is null counts as absent. Errors are ar::Error and read
/// "config.json: rope_scaling.factor is "two": must be a number". Const and thread-safe.
class Config {
 public:
  /// Parses a whole file.
  explicit Config(const std::string& text);
  /// An object inside it; `where` is its path in messages.
  Config(const boost::json::object& object, std::string where) : object_(object), where_(std::move(where)) {}

  bool has(const char* key) const { return find(key) != nullptr; }
  std::optional<int64_t> integer(const char* key) const;
  std::optional<double> number(const char* key) const;
  std::optional<bool> flag(const char* key) const;
  std::optional<std::string> text(const char* key) const;
  std::optional<Config> object(const char* key) const;
  /// With the keys of an object inside it in front of its own; as it is when there is none.
  Config over(const char* key) const;
  std::vector<std::string> texts(const char* key) const;  // empty when absent
  std::vector<double> numbers(const char* key) const;     // empty when absent
  /// The value as JSON, for messages.
  std::string show(const char* key) const;

  /// Throws "config.json: <key> is <value>: must be <accepted>".
  [[noreturn]] void refuse(const char* key, const std::string& accepted) const;
  /// Throws "config.json: <key> is missing".
  [[noreturn]] void missing(const char* key) const;

 private:
  const boost::json::value* find(const char* key) const;

  boost::json::object object_;
  std::string where_;
};

}  // namespace ar::models
