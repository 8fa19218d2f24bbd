#include "core/calib/tokenizer/normalizer.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "core/calib/tokenizer/byte_level.hpp"
#include "core/calib/tokenizer/char_class.hpp"
#include "core/calib/tokenizer/pattern.hpp"
#include "core/calib/tokenizer/precompiled.hpp"
#include "core/calib/tokenizer/unicode_form.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

/// Rewrites character by character: `step(c, out)` appends what stands for c.
template <typename Step>
std::string map_chars(std::string_view text, Step step) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) step(next_code_point(text, at), out);
  return out;
}

Normalizer make_sequence(const base::JsonCursor& json) {
  const auto list = json.at("normalizers");
  std::vector<Normalizer> steps;
  for (std::size_t i = 0; i < list.size(); ++i) steps.push_back(make_normalizer(list.at(i)));
  return [steps = std::move(steps)](std::string& text) {
    const auto before = text.size();
    for (const auto& step : steps) {
      step(text);
      check_growth(before, text.size());
    }
  };
}

Normalizer make_replace(const base::JsonCursor& json) {
  auto pattern = std::make_shared<const Pattern>(Pattern::parse(json.at("pattern")));
  return [pattern, with = json.get_string("content")](std::string& text) { text = pattern->replace(text, with); };
}

Normalizer make_prepend(const base::JsonCursor& json) {
  return [prefix = json.get_string("prepend")](std::string& text) {
    if (!text.empty()) text.insert(0, prefix);
  };
}

Normalizer make_strip(const base::JsonCursor& json) {
  return [left = json.get_bool("strip_left"), right = json.get_bool("strip_right")](std::string& text) {
    std::size_t end = text.size();
    for (std::size_t at = end; right && at > 0 && is_whitespace(previous_code_point(text, at));) end = at;
    std::size_t begin = 0;
    for (std::size_t at = 0; left && at < end && is_whitespace(next_code_point(text, at));) begin = at;
    text = text.substr(begin, end - begin);
  };
}

Normalizer make_form(UnicodeForm form) {
  return [form](std::string& text) { text = to_unicode_form(text, form); };
}

void strip_accents(std::string& text) {
  text = map_chars(text, [](char32_t c, std::string& out) {
    if (!is_mark(c)) append_utf8(out, c);
  });
}

/// BERT's clean_text: control characters vanish, every kind of blank becomes a space.
void clean_text(std::string& text) {
  text = map_chars(text, [](char32_t c, std::string& out) {
    const bool plain_blank = c == '\t' || c == '\n' || c == '\r';
    if (c == 0xfffd || (is_other(c) && !plain_blank)) return;
    append_utf8(out, plain_blank || is_whitespace(c) ? U' ' : c);
  });
}

void space_out_ideographs(std::string& text) {
  text = map_chars(text, [](char32_t c, std::string& out) {
    const char* blank = is_cjk_ideograph(c) ? " " : "";
    out += blank;
    append_utf8(out, c);
    out += blank;
  });
}

void strip_nonspacing_marks(std::string& text) {
  text = map_chars(to_unicode_form(text, UnicodeForm::kNfd), [](char32_t c, std::string& out) {
    if (!is_nonspacing_mark(c)) append_utf8(out, c);
  });
}

Normalizer make_bert(const base::JsonCursor& json) {
  const bool clean = json.get_bool("clean_text", true);
  const bool ideographs = json.get_bool("handle_chinese_chars", true);
  const bool lower = json.get_bool("lowercase", true);
  const bool accents = json.get_bool("strip_accents", lower);
  return [=](std::string& text) {
    if (clean) clean_text(text);
    if (ideographs) space_out_ideographs(text);
    if (accents) strip_nonspacing_marks(text);
    if (lower) text = to_lower(text);
  };
}

/// SentencePiece's "nmt" rules: control characters vanish, odd blanks become a space.
void nmt(std::string& text) {
  text = map_chars(text, [](char32_t c, std::string& out) {
    const bool control = (c >= 1 && c <= 8) || c == 11 || (c >= 14 && c <= 31) || c == 127 || c == 143 || c == 159;
    const bool blank = c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
                       c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
    if (!control) append_utf8(out, blank ? U' ' : c);
  });
}

Normalizer make_precompiled(const base::JsonCursor& json) {
  const auto map = json.at("precompiled_charsmap");
  auto table = std::make_shared<const PrecompiledMap>(PrecompiledMap::parse(map.as_string(), map.where()));
  return [table](std::string& text) { text = table->apply(text); };
}

}  // namespace

Normalizer make_normalizer(const base::JsonCursor& json) {
  const auto type = json.get_string("type");
  if (type == "Sequence") return make_sequence(json);
  if (type == "Replace") return make_replace(json);
  if (type == "Prepend") return make_prepend(json);
  if (type == "Strip") return make_strip(json);
  if (type == "NFC") return make_form(UnicodeForm::kNfc);
  if (type == "NFD") return make_form(UnicodeForm::kNfd);
  if (type == "NFKC") return make_form(UnicodeForm::kNfkc);
  if (type == "NFKD") return make_form(UnicodeForm::kNfkd);
  if (type == "Lowercase") return [](std::string& text) { text = to_lower(text); };
  if (type == "StripAccents") return strip_accents;
  if (type == "BertNormalizer") return make_bert(json);
  if (type == "Nmt") return nmt;
  if (type == "ByteLevel") return [](std::string& text) { text = to_byte_chars(text); };
  if (type == "Precompiled") return make_precompiled(json);
  json.fail("has the unknown type \"" + type + "\"");
}

}  // namespace ar::calib
