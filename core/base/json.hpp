#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace ar::base {

/// The whole file as bytes. Fails with the path and the system's reason.
std::string read_text_file(const std::filesystem::path& path);

/// Fails with `where`, the line and the column of the first wrong character. Key order is kept.
boost::json::value parse_json(std::string_view text, const std::string& where);
boost::json::value parse_json_file(const std::filesystem::path& path);

/// A borrowed JSON value that knows where it stands, so that every error reads
/// "config.json: rope_scaling.factor is a string; expected a number".
/// The value must outlive the cursor. Const and thread-safe. All errors are base::Error(kFailed).
class JsonCursor {
 public:
  JsonCursor(const boost::json::value& value, std::string where);

  const boost::json::value& value() const { return *value_; }
  const std::string& where() const { return where_; }

  bool is_null() const { return value_->is_null(); }
  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  bool is_bool() const { return value_->is_bool(); }
  bool is_number() const { return value_->is_number(); }

  const boost::json::object& as_object() const;
  const boost::json::array& as_array() const;
  std::string as_string() const;
  bool as_bool() const;
  double as_double() const;
  std::int64_t as_int() const;  // accepts 8 and 8.0, refuses 8.5 and what int64 cannot hold

  std::size_t size() const;  // elements of an array, members of an object
  JsonCursor at(std::size_t index) const;
  JsonCursor at(std::string_view key) const;                   // fails when absent
  std::optional<JsonCursor> find(std::string_view key) const;  // empty when absent or null

  std::int64_t get_int(std::string_view key) const { return at(key).as_int(); }
  double get_double(std::string_view key) const { return at(key).as_double(); }
  bool get_bool(std::string_view key) const { return at(key).as_bool(); }
  std::string get_string(std::string_view key) const { return at(key).as_string(); }

  /// The fallback stands for an absent or null member; a wrong type still fails.
  std::int64_t get_int(std::string_view key, std::int64_t fallback) const;
  double get_double(std::string_view key, double fallback) const;
  bool get_bool(std::string_view key, bool fallback) const;
  std::string get_string(std::string_view key, std::string_view fallback) const;

  /// Fails with "<where> <problem>".
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  [[noreturn]] void fail_type(std::string_view expected) const;
  JsonCursor child(const boost::json::value& value, std::string_view step) const;

  const boost::json::value* value_;
  std::string where_;
};

}  // namespace ar::base
