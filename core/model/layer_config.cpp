#include "core/model/layer_config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "core/base/error.hpp"

namespace ar::model {
namespace {

namespace json = boost::json;

constexpr int kDepthMax = 8;  // an entry needs two

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n\r\v\f";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string_view strip_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

/// Word processors turn quotes into curly ones.
std::string straighten_quotes(std::string_view text) {
  std::string out(text);
  for (const char* curly : {"\u201c", "\u201d"}) {
    for (size_t at = out.find(curly); at != std::string::npos; at = out.find(curly, at)) out.replace(at, 3, "\"");
  }
  return out;
}

bool is_integer(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Step 4: what an unquoted or quoted scalar means.
json::value scalar(std::string_view raw) {
  const std::string text(strip_quotes(trim(raw)));
  char* end = nullptr;
  errno = 0;
  if (is_integer(text)) {
    const int64_t value = std::strtoll(text.c_str(), &end, 10);
    if (errno == 0) return value;
  }
  if (!text.empty() && text.find_first_of("xXpP") == std::string::npos) {
    const double value = std::strtod(text.c_str(), &end);
    if (*end == '\0') return value;
  }
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "true" || lower == "false") return lower == "true";
  if (lower == "null" || lower == "none") return nullptr;
  return json::value(text);
}

json::value normalise(const json::value& value);

json::object normalise(const json::object& object) {
  json::object out;
  for (const auto& member : object) {
    out[strip_quotes(trim({member.key().data(), member.key().size()}))] = normalise(member.value());
  }
  return out;
}

json::value normalise(const json::value& value) {
  if (value.is_object()) return normalise(value.get_object());
  if (value.is_string()) return scalar({value.get_string().data(), value.get_string().size()});
  return value;
}

/// Step 2b: a backslash that starts no JSON escape is meant as itself.
std::string double_stray_backslashes(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '\\') continue;
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (std::string_view("\"\\/bfnrtu").find(next) == std::string_view::npos) {
      out += '\\';
    } else {
      out += text[++i];
    }
  }
  return out;
}

std::optional<json::value> try_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

/// Step 3: dict := "{" (key ":" value ","?)* "}", with words that need no quotes.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  json::object dict(int depth) {
    if (depth > kDepthMax) base::refuse("--layer_config: braces are nested more than {} deep", kDepthMax);
    expect("{");
    json::object out;
    while (peek() != "}") {
      const std::string_view key = take();
      if (is_sign(key)) base::refuse("--layer_config: expected a name or '}}', got '{}'", key);
      expect(":");
      out[strip_quotes(key)] = value(depth);
      if (peek() == ",") take();
    }
    take();
    return out;
  }

 private:
  static bool is_sign(std::string_view token) { return token == "{" || token == "}" || token == ":" || token == ","; }

  json::value value(int depth) {
    if (peek() == "{") return dict(depth + 1);
    const std::string_view token = take();
    if (is_sign(token)) base::refuse("--layer_config: expected a value, got '{}'", token);
    return scalar(token);
  }

  void expect(std::string_view wanted) {
    const std::string_view token = take();
    if (token != wanted) base::refuse("--layer_config: expected '{}', got '{}'", wanted, token);
  }

  /// The next token; refuses the end of the text.
  std::string_view peek() {
    constexpr std::string_view kBlank = " \t\n\r\v\f";
    constexpr std::string_view kEnd = " \t\n\r\v\f{}:,";
    const size_t begin = text_.find_first_not_of(kBlank, at_);
    if (begin == std::string_view::npos) {
      base::refuse("--layer_config: unexpected end of \"{}\"; is a closing brace missing?", text_);
    }
    at_ = begin;
    const size_t end = text_.find_first_of(kEnd, begin);
    if (end == begin) return text_.substr(begin, 1);
    return text_.substr(begin, end == std::string_view::npos ? end : end - begin);
  }

  std::string_view take() {
    const std::string_view token = peek();
    at_ += token.size();
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

json::object parse_layer_config(std::string_view raw) {
  const std::string straight = straighten_quotes(trim(raw));
  const std::string_view text = trim(strip_quotes(straight));
  if (text.empty()) return {};
  std::optional<json::value> value = try_json(text);
  if (!value) value = try_json(double_stray_backslashes(text));
  if (!value) return Parser(text).dict(1);
  if (!value->is_object()) base::refuse("--layer_config: expected {{name: settings, ...}}, got {}", text);
  return normalise(value->get_object());
}

}  // namespace ar::model
