#include "core/base/json.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include <boost/json.hpp>
#include <boost/system/error_code.hpp>

#include "core/base/error.hpp"

namespace ar::base {
namespace {

constexpr std::size_t kMaxDepth = 128;

const char* kind_text(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    default: return "a number";
  }
}

std::string position_text(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  return fmt::format("line {} column {}", line, 1 + offset - (start == std::string_view::npos ? 0 : start + 1));
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) fail("{}: is a folder, not a file", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::string text;
  std::vector<char> chunk(1 << 16);
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  return text;
}

boost::json::value parse_json(std::string_view text, const std::string& where) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code code;
  const std::size_t used = parser.write_some(text.data(), text.size(), code);
  if (!code && used < text.size()) code = boost::json::error::extra_data;
  if (!code) parser.finish(code);
  if (code) fail("{}: not valid JSON at {}: {}", where, position_text(text, used), code.message());
  return parser.release();
}

boost::json::value parse_json_file(const std::filesystem::path& path) {
  return parse_json(read_text_file(path), path.string());
}

JsonCursor::JsonCursor(const boost::json::value& value, std::string where) : value_(&value), where_(std::move(where)) {}

void JsonCursor::fail(std::string_view problem) const { base::fail("{} {}", where_, problem); }

void JsonCursor::fail_type(std::string_view expected) const {
  fail(fmt::format("is {}; expected {}", kind_text(*value_), expected));
}

JsonCursor JsonCursor::child(const boost::json::value& value, std::string_view step) const {
  // The root's `where` is a file name; members follow it after a colon, then with dots.
  const bool root = where_.find(": ") == std::string::npos;
  const char* separator = root ? ": " : step.front() == '[' ? "" : ".";
  return {value, fmt::format("{}{}{}", where_, separator, step)};
}

const boost::json::object& JsonCursor::as_object() const {
  if (!is_object()) fail_type("an object");
  return value_->get_object();
}

const boost::json::array& JsonCursor::as_array() const {
  if (!is_array()) fail_type("an array");
  return value_->get_array();
}

std::string JsonCursor::as_string() const {
  if (!is_string()) fail_type("a string");
  return std::string(value_->get_string());
}

bool JsonCursor::as_bool() const {
  if (!is_bool()) fail_type("true or false");
  return value_->get_bool();
}

double JsonCursor::as_double() const {
  if (!is_number()) fail_type("a number");
  return value_->to_number<double>();
}

std::int64_t JsonCursor::as_int() const {
  if (!is_number()) fail_type("an integer");
  boost::system::error_code code;
  const auto number = value_->to_number<std::int64_t>(code);
  if (code) fail(fmt::format("is {}; expected an integer", boost::json::serialize(*value_)));
  return number;
}

std::size_t JsonCursor::size() const {
  if (is_array()) return value_->get_array().size();
  return as_object().size();
}

JsonCursor JsonCursor::at(std::size_t index) const {
  const auto& array = as_array();
  if (index >= array.size()) fail(fmt::format("has {} elements; element {} is missing", array.size(), index));
  return child(array[index], fmt::format("[{}]", index));
}

JsonCursor JsonCursor::at(std::string_view key) const {
  const auto* member = as_object().if_contains(key);
  if (member == nullptr) fail(fmt::format("has no \"{}\"", key));
  return child(*member, key);
}

std::optional<JsonCursor> JsonCursor::find(std::string_view key) const {
  const auto* member = as_object().if_contains(key);
  if (member == nullptr || member->is_null()) return std::nullopt;
  return child(*member, key);
}

std::int64_t JsonCursor::get_int(std::string_view key, std::int64_t fallback) const {
  const auto member = find(key);
  return member ? member->as_int() : fallback;
}

double JsonCursor::get_double(std::string_view key, double fallback) const {
  const auto member = find(key);
  return member ? member->as_double() : fallback;
}

bool JsonCursor::get_bool(std::string_view key, bool fallback) const {
  const auto member = find(key);
  return member ? member->as_bool() : fallback;
}

std::string JsonCursor::get_string(std::string_view key, std::string_view fallback) const {
  const auto member = find(key);
  return member ? member->as_string() : std::string(fallback);
}

}  // namespace ar::base
