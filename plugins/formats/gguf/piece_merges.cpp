#include "piece_merges.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "token_type.hpp"
#include "utf8.hpp"

namespace ar::gguf {
namespace {

constexpr std::string_view kBlank = "\u2581";

bool is_run_of_blanks(std::string_view token) {
  if (token.size() == kBlank.size()) return false;
  for (size_t at = 0; at < token.size(); at += kBlank.size()) {
    if (token.compare(at, kBlank.size(), kBlank) != 0) return false;
  }
  return true;
}

std::vector<size_t> normal_ids(const TokenizerKeys& keys) {
  std::vector<size_t> ids;
  for (size_t i = 0; i < keys.tokens.size(); ++i) {
    if (keys.types[i] == kNormal) ids.push_back(i);
  }
  return ids;
}

/// Ids of normal tokens, those that are made first in front.
std::vector<size_t> in_order(const TokenizerKeys& keys) {
  std::vector<size_t> order = normal_ids(keys);
  if (has_scores(keys)) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return keys.scores[a] > keys.scores[b]; });
    return order;
  }
  // SentencePiece numbers its characters last, other trainers first. LLaMA's runs of blanks have low ids among its
  // pieces, but the lowest of all scores.
  const bool numbered_by_sentencepiece =
      !order.empty() && utf8_character(keys.tokens[order.back()], 0) == keys.tokens[order.back()].size();
  if (numbered_by_sentencepiece) {
    std::stable_partition(order.begin(), order.end(), [&](size_t id) { return !is_run_of_blanks(keys.tokens[id]); });
  }
  return order;
}

}  // namespace

bool has_scores(const TokenizerKeys& keys) {
  if (keys.scores.empty()) return false;
  const std::vector<size_t> ids = normal_ids(keys);
  return std::any_of(ids.begin(), ids.end(), [&](size_t id) { return keys.scores[id] != keys.scores[ids.front()]; });
}

std::vector<std::pair<std::string, std::string>> piece_merges(const TokenizerKeys& keys) {
  std::unordered_map<std::string_view, size_t> ids;
  const std::vector<size_t> order = in_order(keys);
  for (const size_t id : order) ids.emplace(keys.tokens[id], id);
  std::vector<std::pair<std::string, std::string>> merges;
  for (const size_t id : order) {
    const std::string_view token = keys.tokens[id];
    std::vector<std::pair<size_t, size_t>> ways;
    for (size_t at = utf8_character(token, 0); at < token.size(); at += utf8_character(token, at)) {
      const auto left = ids.find(token.substr(0, at));
      const auto right = ids.find(token.substr(at));
      if (left != ids.end() && right != ids.end()) ways.emplace_back(left->second, right->second);
    }
    std::sort(ways.begin(), ways.end());
    for (const auto& [left, right] : ways) merges.emplace_back(keys.tokens[left], keys.tokens[right]);
  }
  return merges;
}

}  // namespace ar::gguf
