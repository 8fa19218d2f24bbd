#include "core/calib/tokenizer/vocabulary.hpp"

#include <limits>

#include <fmt/format.h>

namespace ar::calib {

Vocabulary Vocabulary::parse(const base::JsonCursor& json) {
  Vocabulary vocabulary;
  const auto& object = json.as_object();
  vocabulary.ids_.reserve(object.size());
  vocabulary.tokens_.reserve(object.size());
  for (const auto& [token, value] : object) {
    const auto* id = value.if_int64();
    if (id == nullptr || *id < 0 || *id > std::numeric_limits<std::int32_t>::max()) {
      json.at(token).fail("is no token id; expected an integer from 0 to 2147483647");
    }
    vocabulary.add(std::string(token), static_cast<std::int32_t>(*id));
  }
  return vocabulary;
}

void Vocabulary::add(std::string token, std::int32_t id) {
  tokens_[id] = token;
  ids_[std::move(token)] = id;
}

std::optional<std::int32_t> Vocabulary::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> Vocabulary::token_of(std::int32_t id) const {
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return std::nullopt;
  return found->second;
}

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (std::size_t byte = 0; byte < ids_.size(); ++byte) {
    ids_[byte] = vocabulary.id_of(fmt::format("<0x{:02X}>", byte)).value_or(-1);
  }
}

bool ByteTokens::spell(std::string_view text, std::vector<std::int32_t>& ids) const {
  for (const char byte : text) {
    if (ids_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (const char byte : text) ids.push_back(ids_[static_cast<unsigned char>(byte)]);
  return true;
}

}  // namespace ar::calib
