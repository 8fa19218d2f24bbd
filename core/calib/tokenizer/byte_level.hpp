#pragma once

#include <string>
#include <string_view>

namespace ar::calib {

/// GPT-2's printable alphabet: each byte of `text` as one character.
std::string to_byte_chars(std::string_view text);

/// The bytes of a token of that alphabet, or the token itself if a character is foreign to it.
std::string from_byte_chars(std::string_view token);

/// The expression by which ByteLevel cuts words unless `use_regex` is false.
inline constexpr std::string_view kGpt2Split =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace ar::calib
