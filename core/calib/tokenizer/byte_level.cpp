#include "core/calib/tokenizer/byte_level.hpp"

#include <array>

#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

struct Alphabet {
  std::array<std::string, 256> of_byte;
  std::array<int, 512> to_byte{};  // by code point; -1 for none

  Alphabet() {
    to_byte.fill(-1);
    char32_t stand_in = 256;  // blanks and control characters get the code points from here on
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      const char32_t c = printable ? static_cast<char32_t>(byte) : stand_in++;
      append_utf8(of_byte[static_cast<std::size_t>(byte)], c);
      to_byte[c] = byte;
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string to_byte_chars(std::string_view text) {
  const auto& chars = alphabet().of_byte;
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char byte : text) out += chars[static_cast<unsigned char>(byte)];
  return out;
}

std::string from_byte_chars(std::string_view token) {
  const auto& bytes = alphabet().to_byte;
  std::string out;
  out.reserve(token.size());
  for (std::size_t at = 0; at < token.size();) {
    const char32_t c = next_code_point(token, at);
    if (c >= bytes.size() || bytes[c] < 0) return std::string(token);
    out += static_cast<char>(bytes[c]);
  }
  return out;
}

}  // namespace ar::calib
