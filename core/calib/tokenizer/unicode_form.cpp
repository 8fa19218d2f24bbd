#include "core/calib/tokenizer/unicode_form.hpp"

#include <algorithm>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include "core/base/error.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

const icu::Normalizer2& current_instance(UnicodeForm form) {
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case UnicodeForm::kNfc: normalizer = icu::Normalizer2::getNFCInstance(code); break;
    case UnicodeForm::kNfd: normalizer = icu::Normalizer2::getNFDInstance(code); break;
    case UnicodeForm::kNfkc: normalizer = icu::Normalizer2::getNFKCInstance(code); break;
    case UnicodeForm::kNfkd: normalizer = icu::Normalizer2::getNFKDInstance(code); break;
  }
  if (U_FAILURE(code)) base::fail("ICU has no Unicode normalization data: {}", u_errorName(code));
  return *normalizer;
}

/// The tokenizers library normalizes by Unicode 11; newer characters stay as they are.
const icu::Normalizer2& instance(UnicodeForm form) {
  static const icu::UnicodeSet known = [] {
    UErrorCode code = U_ZERO_ERROR;
    icu::UnicodeSet set(u"[:age=11.0:]", code);
    if (U_FAILURE(code)) base::fail("ICU has no character ages: {}", u_errorName(code));
    set.freeze();
    return set;
  }();
  static const icu::FilteredNormalizer2 forms[] = {
      {current_instance(UnicodeForm::kNfc), known},
      {current_instance(UnicodeForm::kNfd), known},
      {current_instance(UnicodeForm::kNfkc), known},
      {current_instance(UnicodeForm::kNfkd), known},
  };
  return forms[static_cast<std::size_t>(form)];
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string to_unicode_form(std::string_view text, UnicodeForm form) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode code = U_ZERO_ERROR;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  instance(form).normalizeUTF8(0, piece, sink, nullptr, code);
  if (U_FAILURE(code)) base::fail("Unicode normalization failed: {}", u_errorName(code));
  return out;
}

std::string to_lower(std::string_view text) {
  constexpr char32_t kCapitalIWithDot = 0x130;  // the only one whose lower case is two characters
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == kCapitalIWithDot) {
      out += "i\xcc\x87";
    } else {
      append_utf8(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
    }
  }
  return out;
}

}  // namespace ar::calib
