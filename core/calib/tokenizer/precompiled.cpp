#include "core/calib/tokenizer/precompiled.hpp"

#include <memory>

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include "core/base/error.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

constexpr std::size_t kLongestGrapheme = 5;  // bytes; the reference looks longer ones up by character

std::string from_base64(std::string_view text, const std::string& where) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int filled = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) base::fail("{} is not base64", where);
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    filled += 6;
    if (filled < 8) continue;
    filled -= 8;
    out += static_cast<char>(bits >> filled & 0xff);
  }
  return out;
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

// Fields of a darts-clone unit.
bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t leaf_value(std::uint32_t unit) { return unit & 0x7fffffffU; }
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000ffU; }
std::uint32_t offset(std::uint32_t unit) { return unit >> 10 << ((unit & (1U << 9)) >> 6); }

std::unique_ptr<icu::BreakIterator> grapheme_iterator() {
  UErrorCode code = U_ZERO_ERROR;
  std::unique_ptr<icu::BreakIterator> iterator(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), code));
  if (U_FAILURE(code)) base::fail("ICU has no grapheme rules: {}", u_errorName(code));
  return iterator;
}

}  // namespace

PrecompiledMap PrecompiledMap::parse(std::string_view base64, const std::string& where) {
  const auto bytes = from_base64(base64, where);
  const std::size_t trie_bytes = bytes.size() < 4 ? 0 : read_u32(bytes, 0);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > bytes.size() - 4) {
    base::fail("{} is damaged: {} bytes cannot hold a trie of {}", where, bytes.size(), trie_bytes);
  }
  PrecompiledMap map;
  for (std::size_t at = 4; at < 4 + trie_bytes; at += 4) map.trie_.push_back(read_u32(bytes, at));
  map.blob_ = bytes.substr(4 + trie_bytes);
  if (!is_utf8(map.blob_)) base::fail("{} is damaged: the replacements are not UTF-8", where);
  return map;
}

std::optional<std::string_view> PrecompiledMap::find(std::string_view key) const {
  std::uint32_t node = offset(trie_[0]);
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    node ^= byte;
    if (byte == 0 || node >= trie_.size() || label(trie_[node]) != byte) return std::nullopt;
    const auto unit = trie_[node];
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    if (node >= trie_.size() || leaf_value(trie_[node]) > blob_.size()) return std::nullopt;
    const auto rest = std::string_view(blob_).substr(leaf_value(trie_[node]));
    return rest.substr(0, rest.find('\0'));
  }
  return std::nullopt;
}

void PrecompiledMap::append_grapheme(std::string_view grapheme, std::string& out) const {
  if (grapheme.size() <= kLongestGrapheme) {
    if (const auto with = find(grapheme)) {
      out += *with;
      return;
    }
  }
  for (std::size_t at = 0; at < grapheme.size(); at += utf8_length(grapheme[at])) {
    const auto character = grapheme.substr(at, utf8_length(grapheme[at]));
    out += find(character).value_or(character);
  }
}

std::string PrecompiledMap::apply(std::string_view text) const {
  UErrorCode code = U_ZERO_ERROR;
  UText* source = utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &code);
  const auto iterator = grapheme_iterator();
  iterator->setText(source, code);
  std::string out;
  out.reserve(text.size());
  std::int32_t begin = iterator->first();
  for (auto end = iterator->next(); end != icu::BreakIterator::DONE; begin = end, end = iterator->next()) {
    append_grapheme(text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)), out);
  }
  utext_close(source);
  return out;
}

}  // namespace ar::calib
