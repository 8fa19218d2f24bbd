#include "core/model/json_keys.hpp"

#include <cstdint>
#include <limits>
#include <unordered_set>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

namespace ar::model {
namespace {

namespace json = boost::json;

/// Collects the keys of every open object; values are of no interest.
struct KeyHandler {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  std::vector<std::unordered_set<std::string>> open;
  std::string key;
  std::optional<std::string> repeated;

  bool on_object_begin(json::error_code&) { return open.emplace_back(), true; }
  bool on_object_end(std::size_t, json::error_code&) { return open.pop_back(), true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    return key.append(part.data(), part.size()), true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    key.append(part.data(), part.size());
    if (!open.back().insert(key).second && !repeated) repeated = key;
    return key.clear(), true;
  }
  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

std::optional<std::string> repeated_json_key(std::string_view text) {
  json::parse_options options;
  options.max_depth = 128;  // as base::parse_json
  json::basic_parser<KeyHandler> parser{options};
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  if (error) return std::nullopt;
  return parser.handler().repeated;
}

}  // namespace ar::model
