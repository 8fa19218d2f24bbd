#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ar::calib {

/// True for well-formed UTF-8 without surrogates.
bool is_utf8(std::string_view bytes);

/// Each maximal ill-formed part becomes one U+FFFD (Unicode 3.9, table 3-8).
std::string to_utf8_lossy(std::string_view bytes);

void append_utf8(std::string& text, char32_t code_point);

/// The code point at `at`, which moves behind it. `text` is valid UTF-8, `at` at the start of a character.
char32_t next_code_point(std::string_view text, std::size_t& at);

/// The code point before `at`, which moves to its start.
char32_t previous_code_point(std::string_view text, std::size_t& at);

/// Bytes of the character that starts with `lead`, in valid UTF-8.
inline std::size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

std::size_t count_code_points(std::string_view text);

/// Fails when rewriting has made a text many times longer, as only a damaged tokenizer.json does.
void check_growth(std::size_t size_before, std::size_t size_after);

}  // namespace ar::calib
