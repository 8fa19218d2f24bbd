#include "core/calib/tokenizer/added_tokens.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"
#include "core/calib/tokenizer/char_class.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

bool ends_with_word(std::string_view text) {
  std::size_t at = text.size();
  return at > 0 && is_word(previous_code_point(text, at));
}

bool starts_with_word(std::string_view text) {
  std::size_t at = 0;
  return !text.empty() && is_word(next_code_point(text, at));
}

std::size_t trailing_blanks_begin(std::string_view text) {
  std::size_t begin = text.size();
  for (std::size_t at = begin; at > 0 && is_whitespace(previous_code_point(text, at));) begin = at;
  return begin;
}

std::size_t leading_blanks_end(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size() && is_whitespace(next_code_point(text, at));) end = at;
  return end;
}

}  // namespace

AddedToken parse_added_token(const base::JsonCursor& json) {
  AddedToken token;
  token.content = json.get_string("content");
  token.single_word = json.get_bool("single_word", false);
  token.lstrip = json.get_bool("lstrip", false);
  token.rstrip = json.get_bool("rstrip", false);
  token.special = json.get_bool("special", false);
  token.normalized = json.get_bool("normalized", !token.special);
  return token;
}

void TokenFinder::add(std::string text, std::int32_t id) {
  if (text.empty()) return;
  auto& entries = by_first_byte_[static_cast<unsigned char>(text[0])];
  for (const auto& entry : entries) {
    if (entry.text == text) return;
  }
  const auto place = std::upper_bound(entries.begin(), entries.end(), text.size(),
                                      [](std::size_t size, const Entry& entry) { return size > entry.text.size(); });
  entries.insert(place, {std::move(text), id});
}

std::optional<TokenFinder::Match> TokenFinder::find(std::string_view text, std::size_t from) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    for (const auto& entry : by_first_byte_[static_cast<unsigned char>(text[at])]) {
      if (text.compare(at, entry.text.size(), entry.text) == 0) return Match{at, at + entry.text.size(), entry.id};
    }
  }
  return std::nullopt;
}

void AddedTokens::add(const AddedToken& token, const TokenModel& model) {
  if (token.content.empty()) return;
  auto id = id_of(token.content);
  if (!id) id = model.id_of(token.content);
  if (!id) {
    std::int64_t next = model.size();
    for (const auto& [known, unused] : tokens_) next = std::max(next, std::int64_t{known} + 1);
    if (next > std::numeric_limits<std::int32_t>::max()) base::fail("added token \"{}\" gets no id", token.content);
    id = static_cast<std::int32_t>(next);
  }
  if (tokens_.count(*id) == 0) order_.push_back(*id);
  tokens_[*id] = token;
  ids_[token.content] = *id;
}

void AddedTokens::prepare(const Normalizer& normalizer) {
  std::stable_partition(order_.begin(), order_.end(), [&](std::int32_t id) { return tokens_.at(id).special; });
  for (const auto id : order_) {
    const auto& token = tokens_.at(id);
    std::string text = token.content;
    if (token.normalized && normalizer) normalizer(text);
    display_[id] = text;
    (token.normalized ? normalized_ : raw_).add(std::move(text), id);
  }
}

void AddedTokens::cut(Piece piece, const TokenFinder& finder, Pieces& out) const {
  const std::string_view text = piece.text;
  const auto push_text = [&](std::size_t begin, std::size_t end) {
    if (begin < end) out.push_back({piece.text.substr(begin, end - begin), piece.at_start && begin == 0, -1});
  };
  std::size_t done = 0;
  for (auto match = finder.find(text, 0); match; match = finder.find(text, match->end)) {
    const auto& token = tokens_.at(match->id);
    auto begin = match->begin;
    auto end = match->end;
    if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
    if (token.lstrip) begin = std::max(trailing_blanks_begin(text.substr(0, begin)), done);
    if (token.rstrip) end += leading_blanks_end(text.substr(end));
    push_text(done, begin);
    // The token before may have taken all of this one's text; then the library has no piece for it.
    if (begin < end) out.push_back({std::string(text.substr(begin, end - begin)), false, match->id});
    done = end;
  }
  push_text(done, text.size());
}

Pieces AddedTokens::split(std::string_view text, const Normalizer& normalizer) const {
  Pieces raw;
  cut({std::string(text), true, -1}, raw_, raw);
  Pieces out;
  for (auto& piece : raw) {
    if (piece.added_token < 0) {
      if (normalizer) normalizer(piece.text);
      cut(std::move(piece), normalized_, out);
    } else {
      out.push_back(std::move(piece));
    }
  }
  return out;
}

std::optional<std::int32_t> AddedTokens::id_of(std::string_view content) const {
  const auto found = ids_.find(std::string(content));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> AddedTokens::token_of(std::int32_t id) const {
  const auto found = display_.find(id);
  if (found == display_.end()) return std::nullopt;
  return found->second;
}

bool AddedTokens::is_special(std::string_view content) const {
  const auto id = id_of(content);
  return id && tokens_.at(*id).special;
}

std::int64_t AddedTokens::count_beyond(const TokenModel& model) const {
  return std::count_if(order_.begin(), order_.end(),
                       [&](std::int32_t id) { return !model.id_of(tokens_.at(id).content); });
}

}  // namespace ar::calib
