#include "core/calib/jinja/string_literal.hpp"

#include <charconv>

#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {
namespace {

/// \xHH, \uHHHH or \UHHHHHHHH; false if the digits are not there or name no character.
bool append_hex(std::string_view digits, std::size_t count, std::string& out) {
  if (digits.size() < count) return false;
  unsigned code = 0;
  const auto* end = digits.data() + count;
  if (std::from_chars(digits.data(), end, code, 16).ptr != end) return false;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  calib::append_utf8(out, code);
  return true;
}

}  // namespace

std::string unescape(std::string_view literal) {
  constexpr std::string_view kFrom = "ntr\\'\"abfv0";
  constexpr std::string_view kTo("\n\t\r\\'\"\a\b\f\v\0", 11);
  std::string out;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 == literal.size()) {
      out += literal[i];
      continue;
    }
    const char c = literal[++i];
    const std::size_t hex = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (const auto known = kFrom.find(c); known != std::string_view::npos) {
      out += kTo[known];
    } else if (hex != 0 && append_hex(literal.substr(i + 1), hex, out)) {
      i += hex;
    } else if (c != '\n') {
      out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace ar::jinja
