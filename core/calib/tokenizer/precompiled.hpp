#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ar::calib {

/// SentencePiece's compiled character map: a double-array trie (darts-clone) from byte strings to
/// offsets into a blob of zero-terminated replacements.
class PrecompiledMap {
 public:
  /// `base64`: u32 trie size, trie, blob.
  static PrecompiledMap parse(std::string_view base64, const std::string& where);

  /// Replaces grapheme by grapheme where the map knows its beginning, else character by character.
  std::string apply(std::string_view text) const;

 private:
  std::optional<std::string_view> find(std::string_view key) const;
  void append_grapheme(std::string_view grapheme, std::string& out) const;

  std::vector<std::uint32_t> trie_;
  std::string blob_;
};

}  // namespace ar::calib
