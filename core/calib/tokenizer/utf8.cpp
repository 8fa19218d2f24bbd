#include "core/calib/tokenizer/utf8.hpp"

#include <algorithm>

#include <unicode/utf8.h>

#include "core/base/error.hpp"

namespace ar::calib {

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes.data(), at, bytes.size(), c);
    if (c < 0) return false;
  }
  return true;
}

std::string to_utf8_lossy(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t start = at;
    UChar32 c = 0;
    U8_NEXT(bytes.data(), at, bytes.size(), c);
    if (c < 0) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(bytes, start, at - start);
    }
  }
  return out;
}

void append_utf8(std::string& text, char32_t code_point) {
  char buffer[U8_MAX_LENGTH];
  std::size_t size = 0;
  U8_APPEND_UNSAFE(buffer, size, code_point);
  text.append(buffer, size);
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  UChar32 c = 0;
  U8_NEXT(text.data(), at, text.size(), c);
  return static_cast<char32_t>(c);
}

char32_t previous_code_point(std::string_view text, std::size_t& at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  std::size_t end = at;
  return next_code_point(text, end);
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void check_growth(std::size_t size_before, std::size_t size_after) {
  constexpr std::size_t kAlwaysFine = std::size_t{64} << 20;
  constexpr std::size_t kMaxFactor = 8;
  if (size_after <= kAlwaysFine || size_after / kMaxFactor <= size_before) return;
  base::fail("the tokenizer turns {} bytes of text into {} and more", size_before, size_after);
}

}  // namespace ar::calib
