#include "core/calib/tokenizer/bpe.hpp"

#include <queue>
#include <utility>

#include <fmt/format.h>

#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

/// A symbol of the word being merged; `id` is -1 once it has become part of its left neighbour.
struct Symbol {
  std::int32_t id;
  std::int32_t previous;
  std::int32_t next;
};

/// A merge that was possible when it was queued.
struct Candidate {
  std::uint32_t rank;
  std::int32_t at;
  std::int32_t id;
  bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
};

using TextPair = std::pair<std::string_view, std::string_view>;

/// The two sides of ["a", "b"] or "a b"; empty where it is neither.
TextPair merge_parts(const boost::json::value& entry) {
  const auto text_of = [](const boost::json::value& value) {
    const auto* text = value.if_string();
    return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
  };
  if (const auto* pair = entry.if_array()) {
    return pair->size() == 2 ? TextPair(text_of((*pair)[0]), text_of((*pair)[1])) : TextPair();
  }
  const auto line = text_of(entry);
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos || line.find(' ', blank + 1) != std::string_view::npos) return {};
  return {line.substr(0, blank), line.substr(blank + 1)};
}

}  // namespace

Bpe::Bpe(const base::JsonCursor& json)
    : vocabulary_(Vocabulary::parse(json.at("vocab"))),
      byte_tokens_(vocabulary_),
      prefix_(json.get_string("continuing_subword_prefix", "")),
      suffix_(json.get_string("end_of_word_suffix", "")),
      fuse_unk_(json.get_bool("fuse_unk", false)),
      byte_fallback_(json.get_bool("byte_fallback", false)),
      ignore_merges_(json.get_bool("ignore_merges", false)) {
  if (json.get_double("dropout", 0) != 0) json.at("dropout").fail("must be null: random merges are not supported");
  if (const auto unk = json.find("unk_token")) {
    unk_id_ = vocabulary_.id_of(unk->as_string());
    if (!unk_id_) unk->fail("is not in the vocabulary");
  }
  read_merges(json.at("merges"));
}

void Bpe::read_merges(const base::JsonCursor& json) {
  const auto& list = json.as_array();
  merges_.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto [left, right] = merge_parts(list[i]);
    if (left.empty() || right.empty()) json.at(i).fail("is no merge; expected [\"left\", \"right\"] or \"left right\"");
    add_merge(left, right, static_cast<std::uint32_t>(i), json);
  }
}

void Bpe::add_merge(std::string_view left, std::string_view right, std::uint32_t rank, const base::JsonCursor& merges) {
  const auto known = [&](std::string_view token) {
    const auto id = vocabulary_.id_of(token);
    if (!id) merges.at(rank).fail(fmt::format("needs \"{}\", which is not in the vocabulary", token));
    return *id;
  };
  if (right.size() < prefix_.size()) merges.at(rank).fail("lacks the continuing_subword_prefix");
  const auto left_id = known(left);
  const auto right_id = known(right);
  merges_[pair_key(left_id, right_id)] = {rank, known(std::string(left).append(right.substr(prefix_.size())))};
}

void Bpe::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    if (const auto id = vocabulary_.id_of(piece)) {
      ids.push_back(*id);
      return;
    }
  }
  merge(characters(piece), ids);
}

std::vector<std::int32_t> Bpe::characters(std::string_view piece) const {
  std::vector<std::int32_t> symbols;
  symbols.reserve(piece.size());
  bool unknown = false;  // an unknown token that waits, so that the next can be fused with it
  const auto flush = [&] {
    if (unknown) symbols.push_back(*unk_id_);
    unknown = false;
  };
  const bool decorated = !prefix_.empty() || !suffix_.empty();
  std::string buffer;
  for (std::size_t at = 0; at < piece.size();) {
    const auto size = utf8_length(piece[at]);
    std::string_view character = piece.substr(at, size);
    if (decorated) {
      buffer = at > 0 ? prefix_ : std::string();
      buffer += character;
      if (at + size >= piece.size()) buffer += suffix_;
      character = buffer;
    }
    at += size;
    if (const auto id = vocabulary_.id_of(character)) {
      flush();
      symbols.push_back(*id);
    } else if (!(byte_fallback_ && byte_tokens_.spell(character, symbols)) && unk_id_) {
      if (!fuse_unk_) flush();
      unknown = true;
    }
  }
  flush();
  return symbols;
}

const Bpe::Merge* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::merge(const std::vector<std::int32_t>& symbols, std::vector<std::int32_t>& ids) const {
  const auto n = static_cast<std::int32_t>(symbols.size());
  std::vector<Symbol> word;
  word.reserve(symbols.size());
  for (std::int32_t i = 0; i < n; ++i)
    word.push_back({symbols[static_cast<std::size_t>(i)], i - 1, i + 1 < n ? i + 1 : -1});

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::int32_t left, std::int32_t right) {
    if (left < 0 || right < 0) return;
    const auto* found = find_merge(word[left].id, word[right].id);
    if (found != nullptr) queue.push({found->rank, left, found->id});
  };
  for (std::int32_t i = 0; i + 1 < n; ++i) consider(i, i + 1);

  while (!queue.empty()) {
    const auto top = queue.top();
    queue.pop();
    auto& left = word[top.at];
    if (left.id < 0 || left.next < 0) continue;
    auto& right = word[left.next];
    const auto* found = find_merge(left.id, right.id);
    if (found == nullptr || found->id != top.id) continue;  // a neighbour has changed since
    left.id = top.id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) word[left.next].previous = top.at;
    consider(left.previous, top.at);
    consider(top.at, left.next);
  }
  for (const auto& symbol : word) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace ar::calib
