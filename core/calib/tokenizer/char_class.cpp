#include "core/calib/tokenizer/char_class.hpp"

#include <cstdint>

#include <unicode/uchar.h>

namespace ar::calib {
namespace {

bool in_category(char32_t c, std::uint32_t mask) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0; }

/// The tokenizers library's tables are of these Unicode versions; what is newer has no category there.
constexpr int kCategoryVersion = 8;
constexpr int kMarkVersion = 9;

bool assigned_by(char32_t c, int version) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] <= version;
}

struct Range {
  char32_t first, last;
};
constexpr Range kCjkIdeographs[] = {
    {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
    {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F},
};

}  // namespace

bool is_whitespace(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }
bool is_numeric(char32_t c) { return in_category(c, U_GC_N_MASK); }
bool is_mark(char32_t c) { return in_category(c, U_GC_M_MASK) && assigned_by(c, kMarkVersion); }

bool is_nonspacing_mark(char32_t c) { return in_category(c, U_GC_MN_MASK) && assigned_by(c, kCategoryVersion); }

bool is_other(char32_t c) {
  return in_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) && assigned_by(c, kCategoryVersion);
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return c > 0x20 && c < 0x7f && u_isalnum(static_cast<UChar32>(c)) == 0;
  return in_category(c, U_GC_P_MASK) && assigned_by(c, kCategoryVersion);
}

bool is_word(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  return u_isUAlphabetic(point) != 0 || in_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL) != 0;
}

bool is_cjk_ideograph(char32_t c) {
  for (const auto& range : kCjkIdeographs) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

}  // namespace ar::calib
