#include "core/model/pattern.hpp"

#include <array>

#include <oniguruma.h>

#include "core/base/error.hpp"

namespace ar::model {
namespace {

using Bytes = const OnigUChar*;

Bytes begin_of(std::string_view text) { return reinterpret_cast<Bytes>(text.data()); }
Bytes end_of(std::string_view text) { return begin_of(text) + text.size(); }

void initialize_once() {
  static const int status = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
  }();
  if (status != ONIG_NORMAL) base::fail("Oniguruma cannot be initialised (status {})", status);
}

/// Length of a character by its first byte, 0 for a byte that starts none.
size_t character_bytes(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/// Oniguruma trusts its input: a character cut off at the end would be read beyond it.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t n = character_bytes(static_cast<unsigned char>(text[i]));
    if (n == 0 || n > text.size() - i) return false;
    for (size_t k = 1; k < n; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U) return false;
    }
    i += n;
  }
  return true;
}

std::string error_text(int code, OnigErrorInfo* info) {
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> buffer{};
  const int n =
      info != nullptr ? onig_error_code_to_str(buffer.data(), code, info) : onig_error_code_to_str(buffer.data(), code);
  return {reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(n)};
}

}  // namespace

void Pattern::Free::operator()(re_pattern_buffer* regex) const { onig_free(regex); }

Pattern::Pattern(const std::string& regex, const std::string& where) : text_(regex) {
  initialize_once();
  if (!is_utf8(regex)) base::refuse("{}: the pattern is not UTF-8", where);
  OnigErrorInfo info{};
  regex_t* compiled = nullptr;
  const int code = onig_new(&compiled, begin_of(regex), end_of(regex), ONIG_OPTION_NONE, ONIG_ENCODING_UTF8,
                            ONIG_SYNTAX_PYTHON, &info);
  if (code != ONIG_NORMAL) {
    base::refuse("{}: \"{}\" is not a regular expression: {}", where, regex, error_text(code, &info));
  }
  regex_.reset(compiled);
}

bool Pattern::found_in(std::string_view name) const {
  if (!is_utf8(name)) return false;
  const int at =
      onig_search(regex_.get(), begin_of(name), end_of(name), begin_of(name), end_of(name), nullptr, ONIG_OPTION_NONE);
  if (at >= 0) return true;
  if (at == ONIG_MISMATCH) return false;
  base::refuse("pattern \"{}\" cannot be searched in {}: {}", text_, name, error_text(at, nullptr));
}

}  // namespace ar::model
