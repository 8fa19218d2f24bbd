#pragma once

#include <cstddef>
#include <string_view>

namespace ar::gguf {

/// Bytes of the character that starts at text[at], 1 to 4; 0 when none does: shortest form, no surrogate, no more than
/// U+10FFFF.
size_t utf8_character(std::string_view text, size_t at);

bool is_utf8(std::string_view text);

}  // namespace ar::gguf
