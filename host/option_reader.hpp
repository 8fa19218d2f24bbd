#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "host/arg_parser.hpp"

namespace ar::host {

/// A value and where it came from, for AR_LOG_LEVEL=DEBUG.
struct Setting {
  std::string name;
  std::string value;
  std::string source;  // "command line", "recipe light", "default"
};

/// Reads one option at a time, noting where its value came from.
class OptionReader {
 public:
  static constexpr std::int64_t kLargest = 1'000'000'000;  // products of two such numbers fit 64 bits

  OptionReader(const Arguments& arguments, std::vector<Setting>& settings)
      : arguments_(arguments), settings_(settings) {}

  std::int64_t integer(const char* name, std::int64_t fallback, const std::string& source = "default") {
    return value(name, arguments_.integer(name), fallback, source);
  }
  std::int64_t positive(const char* name, std::int64_t fallback, const std::string& source = "default") {
    const auto number = integer(name, fallback, source);
    if (number <= 0) base::refuse("--{} {}: must be greater than 0", name, number);
    if (number > kLargest) base::refuse("--{} {}: must be {} at most", name, number, kLargest);
    return number;
  }
  std::string text(const char* name, const std::string& fallback) {
    return value(name, arguments_.text(name), fallback, "default");
  }
  bool flag(const char* name, bool fallback = false) {
    return value(name, arguments_.toggle(name), fallback, "default");
  }

  std::optional<double> real(const char* name, std::optional<double> fallback = {},
                             const std::string& source = "default") {
    const auto given = arguments_.real(name);
    const auto result = given ? given : fallback;
    if (result && *result < 0) base::refuse("--{} {}: must not be negative", name, *result);
    note_source(name, result ? fmt::format("{}", *result) : "unset", given ? "command line" : source);
    return result;
  }

  /// Fields that stay unset unless given.
  std::optional<std::string> given_text(const char* name) { return given(name, arguments_.text(name)); }
  std::optional<int> given_int(const char* name) {
    const auto number = given(name, arguments_.integer(name));
    if (number && (*number > kLargest || *number < -kLargest)) base::refuse("--{} {}: out of range", name, *number);
    return number ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
  }
  std::optional<bool> given_false(const char* name) {
    return arguments_.flag(name) ? given(name, std::optional<bool>(false)) : std::nullopt;
  }

  void note_source(const std::string& name, std::string text, const std::string& source) {
    settings_.push_back({name, std::move(text), source});
  }

 private:
  template <typename T>
  T value(const char* name, const std::optional<T>& given, const T& fallback, const std::string& source) {
    const T result = given.value_or(fallback);
    note_source(name, fmt::format("{}", result), given ? "command line" : source);
    return result;
  }
  template <typename T>
  std::optional<T> given(const char* name, const std::optional<T>& value) {
    if (value) note_source(name, fmt::format("{}", *value), "command line");
    return value;
  }

  const Arguments& arguments_;
  std::vector<Setting>& settings_;
};

}  // namespace ar::host
