#include "utf8.hpp"

#include <array>
#include <cstdint>

namespace ar::gguf {

size_t utf8_character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  if (first < 0x80U) return 1;
  const size_t n = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
  if (first < 0xC2U || first > 0xF4U || n > text.size() - at) return 0;
  uint32_t character = first & (0xFFU >> (n + 1));
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    character = character << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array<uint32_t, 5> kFirstOfLength{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800U && character <= 0xDFFFU;
  return character < kFirstOfLength[n] || surrogate || character > 0x10FFFFU ? 0 : n;
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t n = utf8_character(text, at);
    if (n == 0) return false;
    at += n;
  }
  return true;
}

}  // namespace ar::gguf
