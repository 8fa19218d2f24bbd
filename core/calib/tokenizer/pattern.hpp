#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace ar::calib {

/// A part of a text, in bytes, and whether the pattern matched it.
struct Span {
  std::size_t begin;
  std::size_t end;
  bool matched;
};

/// A compiled Oniguruma expression or a literal. Const and thread-safe.
class Pattern {
 public:
  static Pattern regex(std::string_view source, const std::string& where);
  static Pattern literal(std::string_view text);
  /// {"String": "..."} or {"Regex": "..."}
  static Pattern parse(const base::JsonCursor& json);

  Pattern(Pattern&&) noexcept;
  ~Pattern();

  /// Covers the whole text, matched and unmatched parts in order.
  std::vector<Span> spans(std::string_view text) const;
  std::string replace(std::string_view text, std::string_view with) const;

 private:
  struct Compiled;
  Pattern();
  std::vector<Span> literal_spans(std::string_view text) const;
  std::vector<Span> regex_spans(std::string_view text) const;

  std::string literal_;
  std::unique_ptr<Compiled> compiled_;
};

/// Spans of a predicate on single characters; every matching character is a span of its own.
std::vector<Span> char_spans(std::string_view text, const std::function<bool(char32_t)>& matches);

/// What becomes of the matched parts.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
SplitBehavior parse_split_behavior(const base::JsonCursor& json);

/// The parts that remain.
std::vector<Span> split_spans(const std::vector<Span>& spans, SplitBehavior behavior);

}  // namespace ar::calib
