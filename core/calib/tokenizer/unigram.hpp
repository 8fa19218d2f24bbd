#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/calib/tokenizer/model.hpp"
#include "core/calib/tokenizer/vocabulary.hpp"

namespace ar::calib {

/// SentencePiece's unigram language model: the split of highest probability (Viterbi).
class Unigram final : public TokenModel {
 public:
  explicit Unigram(const base::JsonCursor& json);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;
  std::optional<std::int32_t> id_of(std::string_view token) const override { return vocabulary_.id_of(token); }
  std::optional<std::string_view> token_of(std::int32_t id) const override { return vocabulary_.token_of(id); }
  std::int64_t size() const override { return static_cast<std::int64_t>(scores_.size()); }

 private:
  /// The best way to reach a byte offset.
  struct Step {
    double score = 0;
    std::size_t begin = 0;
    std::int32_t id = -1;
    bool reached = false;
  };
  std::vector<Step> best_steps(std::string_view piece) const;
  void push(std::string_view token, std::vector<std::int32_t>& ids) const;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  std::optional<std::int32_t> unk_id_;
  std::optional<ByteTokens> byte_tokens_;
  double unk_score_ = 0;
  std::size_t longest_ = 0;  // bytes of the longest token
};

}  // namespace ar::calib
