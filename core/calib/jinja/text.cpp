#include "core/calib/jinja/text.hpp"

#include <charconv>
#include <cmath>

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <fmt/format.h>

#include "core/calib/tokenizer/char_class.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {
namespace {

bool is_python_space(char32_t c) { return calib::is_whitespace(c) || (c >= 0x1c && c <= 0x1f); }

std::string from_icu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::UnicodeString to_icu(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
}

}  // namespace

/// The shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.
std::string float_repr(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const int exponent = std::stoi(std::string(text.substr(text.find('e') + 1)));
  if (number != 0 && (exponent < -4 || exponent >= 16)) return std::string(text);
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed).ptr;
  std::string out(buffer, fixed);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

std::string string_repr(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = single ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = calib::next_code_point(text, at);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      calib::append_utf8(out, c);
    }
  }
  return out + quote;
}

std::string to_upper(std::string_view text) { return from_icu(to_icu(text).toUpper(icu::Locale::getRoot())); }
std::string to_lower(std::string_view text) { return from_icu(to_icu(text).toLower(icu::Locale::getRoot())); }

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const auto first = calib::utf8_length(text[0]);
  return to_upper(text.substr(0, first)) + to_lower(text.substr(first));
}

std::string to_title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    const bool word = calib::is_word(calib::next_code_point(text, at));
    const auto character = text.substr(begin, at - begin);
    out += in_word ? to_lower(character) : to_upper(character);
    in_word = word;
  }
  return out;
}

std::string strip(std::string_view text, std::string_view chars, Side side) {
  const auto set = to_points(chars);
  const auto taken = [&](char32_t c) { return set.empty() ? is_python_space(c) : set.find(c) != std::u32string::npos; };
  std::size_t end = text.size();
  for (std::size_t at = end; side != Side::kLeft && at > 0 && taken(calib::previous_code_point(text, at));) end = at;
  std::size_t begin = 0;
  for (std::size_t at = 0; side != Side::kRight && at < end && taken(calib::next_code_point(text, at));) begin = at;
  return std::string(text.substr(begin, end - begin));
}

std::vector<std::string> split_blanks(std::string_view text, long limit) {
  std::vector<std::string> out;
  std::string rest = strip(text, "", Side::kLeft);
  while (!rest.empty() && limit-- != 0) {
    std::size_t end = 0;
    for (std::size_t at = 0; at < rest.size() && !is_python_space(calib::next_code_point(rest, at));) end = at;
    out.push_back(rest.substr(0, end));
    rest = strip(std::string_view(rest).substr(end), "", Side::kLeft);
  }
  if (!rest.empty()) out.push_back(rest);
  return out;
}

std::vector<std::string> split(std::string_view text, std::string_view separator, long limit) {
  std::vector<std::string> out;
  for (auto at = text.find(separator); at != std::string_view::npos && limit-- != 0; at = text.find(separator)) {
    out.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  out.emplace_back(text);
  return out;
}

std::vector<std::string> split_from_right(std::string_view text, std::string_view separator, long limit) {
  std::vector<std::string> out;
  for (auto at = text.rfind(separator); at != std::string_view::npos && limit-- != 0; at = text.rfind(separator)) {
    out.emplace_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  out.emplace_back(text);
  return {out.rbegin(), out.rend()};
}

std::string replace(std::string_view text, std::string_view what, std::string_view with, long limit) {
  std::string out;
  if (what.empty()) {
    for (std::size_t at = 0; at <= text.size() && limit-- != 0;) {
      out += with;
      if (at == text.size()) return out;
      const auto size = calib::utf8_length(text[at]);
      out += text.substr(at, size);
      at += size;
      if (limit == 0) return out.append(text.substr(at));
    }
    return out;
  }
  for (auto at = text.find(what); at != std::string_view::npos && limit-- != 0; at = text.find(what)) {
    out.append(text.substr(0, at)).append(with);
    text.remove_prefix(at + what.size());
  }
  return out.append(text);
}

std::u32string to_points(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) out += calib::next_code_point(text, at);
  return out;
}

std::string from_points(const std::u32string& points) {
  std::string out;
  for (const char32_t c : points) calib::append_utf8(out, c);
  return out;
}

}  // namespace ar::jinja
