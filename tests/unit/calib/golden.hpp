#pragma once

#include <filesystem>
#include <string>

namespace ar::test {

/// The full golden data where it is at hand, else the part of it in this tree.
inline std::filesystem::path golden_tokenizers() {
  const std::filesystem::path shared = std::filesystem::path(AR_SHARED_DIR) / "golden/tokenizers";
  if (AR_SHARED_DIR[0] != '\0' && std::filesystem::exists(shared)) return shared;
  return std::filesystem::path(AR_SOURCE_DIR) / "tests/golden/tokenizers";
}

inline std::filesystem::path tree_golden() { return std::filesystem::path(AR_SOURCE_DIR) / "tests/golden/tokenizers"; }

}  // namespace ar::test
