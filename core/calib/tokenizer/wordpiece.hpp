#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calib/tokenizer/model.hpp"
#include "core/calib/tokenizer/vocabulary.hpp"

namespace ar::calib {

/// Greedy longest match from the left, as BERT does it.
class WordPiece final : public TokenModel {
 public:
  explicit WordPiece(const base::JsonCursor& json);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;
  std::optional<std::int32_t> id_of(std::string_view token) const override { return vocabulary_.id_of(token); }
  std::optional<std::string_view> token_of(std::int32_t id) const override { return vocabulary_.token_of(id); }
  std::int64_t size() const override { return vocabulary_.size(); }

 private:
  Vocabulary vocabulary_;
  std::int32_t unk_id_;
  std::string prefix_;
  std::int64_t max_chars_;
};

}  // namespace ar::calib
