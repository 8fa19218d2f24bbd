#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ar::jinja {

std::string float_repr(double number);
std::string string_repr(std::string_view text);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);
std::string capitalize(std::string_view text);

enum class Side { kLeft, kRight, kBoth };
/// str.strip() and its one-sided forms; empty `chars` means blanks.
std::string strip(std::string_view text, std::string_view chars, Side side);
std::vector<std::string> split_blanks(std::string_view text, long limit);
std::vector<std::string> split(std::string_view text, std::string_view separator, long limit);
std::vector<std::string> split_from_right(std::string_view text, std::string_view separator, long limit);
std::string replace(std::string_view text, std::string_view what, std::string_view with, long limit);

/// text[begin:end:step] by characters, with Python's rules already applied to the bounds.
std::u32string to_points(std::string_view text);
std::string from_points(const std::u32string& points);

}  // namespace ar::jinja
