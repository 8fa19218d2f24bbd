#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/json.hpp"
#include "core/calib/tokenizer/model.hpp"
#include "core/calib/tokenizer/normalizer.hpp"
#include "core/calib/tokenizer/pre_tokenizer.hpp"

namespace ar::calib {

struct AddedToken {
  std::string content;
  bool single_word = false;  // not inside a longer word
  bool lstrip = false;       // takes the blanks before it
  bool rstrip = false;       // takes the blanks behind it
  bool normalized = true;    // looked for after normalization, itself normalized
  bool special = false;      // left out by decode(skip_special)
};

AddedToken parse_added_token(const base::JsonCursor& json);

/// Finds the leftmost match, the longest of those that start there.
class TokenFinder {
 public:
  void add(std::string text, std::int32_t id);  // the first of equal texts stays
  struct Match {
    std::size_t begin, end;
    std::int32_t id;
  };
  std::optional<Match> find(std::string_view text, std::size_t from) const;

 private:
  struct Entry {
    std::string text;
    std::int32_t id;
  };
  std::vector<std::vector<Entry>> by_first_byte_{256};  // longest first
};

/// The tokens of "added_tokens": cut out of the text before the model sees it.
class AddedTokens {
 public:
  /// Tokens unknown to the model get the next free ids, in order.
  void add(const AddedToken& token, const TokenModel& model);
  /// Call once after the last add().
  void prepare(const Normalizer& normalizer);

  /// Cuts the tokens out and normalizes what lies between them.
  Pieces split(std::string_view text, const Normalizer& normalizer) const;

  std::optional<std::int32_t> id_of(std::string_view content) const;
  /// The text that decoding sees: that of a normalized token is normalized, as in the tokenizers library.
  std::optional<std::string_view> token_of(std::int32_t id) const;
  bool is_special(std::string_view content) const;
  std::int64_t count_beyond(const TokenModel& model) const;

 private:
  void cut(Piece piece, const TokenFinder& finder, Pieces& out) const;

  std::vector<std::int32_t> order_;  // ids as added
  std::unordered_map<std::int32_t, AddedToken> tokens_;
  std::unordered_map<std::int32_t, std::string> display_;
  std::unordered_map<std::string, std::int32_t> ids_;
  TokenFinder raw_;
  TokenFinder normalized_;
};

}  // namespace ar::calib
