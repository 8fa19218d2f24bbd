#pragma once

#include <string>
#include <string_view>

namespace ar::calib {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

std::string to_unicode_form(std::string_view text, UnicodeForm form);

/// Character by character, without the rules that look at neighbours (final sigma).
std::string to_lower(std::string_view text);

}  // namespace ar::calib
