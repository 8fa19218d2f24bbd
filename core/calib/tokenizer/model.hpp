#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace ar::calib {

/// Turns a pre-tokenized piece into ids. Const methods are thread-safe.
class TokenModel {
 public:
  virtual ~TokenModel() = default;
  virtual void encode(std::string_view piece, std::vector<std::int32_t>& ids) const = 0;
  virtual std::optional<std::int32_t> id_of(std::string_view token) const = 0;
  virtual std::optional<std::string_view> token_of(std::int32_t id) const = 0;
  virtual std::int64_t size() const = 0;
};

/// Reads the "model" of a tokenizer.json. Fails on a type it does not know and on a damaged vocabulary.
std::unique_ptr<TokenModel> make_token_model(const base::JsonCursor& json);

}  // namespace ar::calib
