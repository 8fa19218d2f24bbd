#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calib/tokenizer/model.hpp"
#include "core/calib/tokenizer/vocabulary.hpp"

namespace ar::calib {

/// Byte-pair encoding: the pair of lowest rank is merged first, the leftmost of equals.
class Bpe final : public TokenModel {
 public:
  explicit Bpe(const base::JsonCursor& json);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;
  std::optional<std::int32_t> id_of(std::string_view token) const override { return vocabulary_.id_of(token); }
  std::optional<std::string_view> token_of(std::int32_t id) const override { return vocabulary_.token_of(id); }
  std::int64_t size() const override { return vocabulary_.size(); }

 private:
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;
  };
  void read_merges(const base::JsonCursor& json);
  void add_merge(std::string_view left, std::string_view right, std::uint32_t rank, const base::JsonCursor& merges);
  std::vector<std::int32_t> characters(std::string_view piece) const;
  const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  void merge(const std::vector<std::int32_t>& symbols, std::vector<std::int32_t>& ids) const;

  Vocabulary vocabulary_;
  ByteTokens byte_tokens_;
  boost::unordered_flat_map<std::uint64_t, Merge> merges_;
  std::optional<std::int32_t> unk_id_;
  std::string prefix_;  // of every character but a word's first
  std::string suffix_;  // of a word's last character
  bool fuse_unk_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
};

}  // namespace ar::calib
