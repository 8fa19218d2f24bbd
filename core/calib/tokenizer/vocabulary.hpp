#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/json.hpp"

namespace ar::calib {

/// Hashing that lets a map of strings be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return boost::hash<std::string_view>()(text); }
};
struct TextEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

/// Tokens and ids, both ways. Ids may have gaps.
class Vocabulary {
 public:
  /// {"token": id, ...}
  static Vocabulary parse(const base::JsonCursor& json);

  void add(std::string token, std::int32_t id);
  std::optional<std::int32_t> id_of(std::string_view token) const;
  std::optional<std::string_view> token_of(std::int32_t id) const;
  std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }

 private:
  boost::unordered_flat_map<std::string, std::int32_t, TextHash, TextEqual> ids_;
  boost::unordered_flat_map<std::int32_t, std::string> tokens_;
};

/// Ids of <0x00> to <0xFF>, with which unknown characters are spelled; each may be absent.
class ByteTokens {
 public:
  explicit ByteTokens(const Vocabulary& vocabulary);
  /// Appends one id per byte, or nothing and false if one of them is absent.
  bool spell(std::string_view text, std::vector<std::int32_t>& ids) const;

 private:
  std::array<std::int32_t, 256> ids_{};
};

}  // namespace ar::calib
