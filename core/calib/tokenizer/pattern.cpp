#include "core/calib/tokenizer/pattern.hpp"

#include <oniguruma.h>

#include "core/base/error.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

constexpr unsigned long kMaxSteps = 20'000'000;  // of backtracking in one search; honest patterns need a few

const OnigUChar* bytes(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

void initialize_oniguruma() {
  static const bool done = [] {
    OnigEncoding encoding = ONIG_ENCODING_UTF8;
    onig_initialize(&encoding, 1);
    onig_set_retry_limit_in_search(kMaxSteps);
    return true;
  }();
  (void)done;
}

std::string onig_message(int code, OnigErrorInfo* info = nullptr) {
  OnigUChar text[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
  const int size = info != nullptr ? onig_error_code_to_str(text, code, info) : onig_error_code_to_str(text, code);
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

struct Region {
  OnigRegion* get = onig_region_new();
  Region() = default;
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region() { onig_region_free(get, 1); }
};

/// Collects matches and fills the gaps between them.
class SpanList {
 public:
  explicit SpanList(std::size_t size) : size_(size) {}
  void add_match(std::size_t begin, std::size_t end) {
    if (last_ != begin) spans_.push_back({last_, begin, false});
    spans_.push_back({begin, end, true});
    last_ = end;
  }
  std::vector<Span> finish() {
    if (last_ != size_) spans_.push_back({last_, size_, false});
    return std::move(spans_);
  }

 private:
  std::size_t size_;
  std::size_t last_ = 0;
  std::vector<Span> spans_;
};

}  // namespace

struct Pattern::Compiled {
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() { onig_free(regex); }
  OnigRegex regex = nullptr;
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::regex(std::string_view source, const std::string& where) {
  initialize_oniguruma();
  Pattern pattern;
  pattern.compiled_ = std::make_unique<Compiled>();
  OnigErrorInfo info{};
  const auto* begin = bytes(source.data());
  const int code = onig_new(&pattern.compiled_->regex, begin, begin + source.size(), ONIG_OPTION_NONE,
                            ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &info);
  if (code != ONIG_NORMAL) {
    pattern.compiled_->regex = nullptr;
    base::fail("{} is not a regular expression: {}", where, onig_message(code, &info));
  }
  return pattern;
}

Pattern Pattern::literal(std::string_view text) {
  if (text.empty()) return regex("", "an empty pattern");
  Pattern pattern;
  pattern.literal_ = text;
  return pattern;
}

Pattern Pattern::parse(const base::JsonCursor& json) {
  if (const auto source = json.find("Regex")) return regex(source->as_string(), source->where());
  if (const auto text = json.find("String")) return literal(text->as_string());
  json.fail("has neither \"String\" nor \"Regex\"");
}

std::vector<Span> Pattern::spans(std::string_view text) const {
  if (text.empty()) return {};
  return compiled_ ? regex_spans(text) : literal_spans(text);
}

std::vector<Span> Pattern::literal_spans(std::string_view text) const {
  SpanList list(text.size());
  for (auto at = text.find(literal_); at != std::string_view::npos; at = text.find(literal_, at + literal_.size())) {
    list.add_match(at, at + literal_.size());
  }
  return list.finish();
}

std::vector<Span> Pattern::regex_spans(std::string_view text) const {
  SpanList list(text.size());
  Region region;
  const auto* begin = bytes(text.data());
  const auto* end = begin + text.size();
  std::size_t from = 0;
  std::size_t last_match_end = std::string_view::npos;
  while (from <= text.size()) {
    const int found = onig_search(compiled_->regex, begin, end, begin + from, end, region.get, ONIG_OPTION_NONE);
    if (found == ONIG_MISMATCH) break;
    if (found < 0) base::fail("a regular expression of the tokenizer gave up: {}", onig_message(found));
    const auto match_begin = static_cast<std::size_t>(region.get->beg[0]);
    const auto match_end = static_cast<std::size_t>(region.get->end[0]);
    if (match_begin == match_end && match_end == last_match_end) {
      // An empty match right behind the last one would repeat for ever.
      from += from < text.size() ? utf8_length(text[from]) : 1;
      continue;
    }
    from = last_match_end = match_end;
    list.add_match(match_begin, match_end);
  }
  return list.finish();
}

std::string Pattern::replace(std::string_view text, std::string_view with) const {
  std::string out;
  out.reserve(text.size());
  for (const auto& span : spans(text)) {
    out += span.matched ? with : text.substr(span.begin, span.end - span.begin);
  }
  return out;
}

std::vector<Span> char_spans(std::string_view text, const std::function<bool(char32_t)>& matches) {
  SpanList list(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (matches(next_code_point(text, at))) list.add_match(begin, at);
  }
  return list.finish();
}

SplitBehavior parse_split_behavior(const base::JsonCursor& json) {
  const auto name = json.as_string();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  json.fail("is \"" + name + "\"; known are Removed, Isolated, MergedWithPrevious, MergedWithNext and Contiguous");
}

namespace {

std::vector<Span> merge_with_next(const std::vector<Span>& spans) {
  std::vector<Span> out;
  bool previous_matched = false;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (span->matched && !previous_matched && !out.empty()) {
      out.back().begin = span->begin;
    } else {
      out.push_back(*span);
    }
    previous_matched = span->matched;
  }
  return {out.rbegin(), out.rend()};
}

/// Joins a span to the one before it where `joins(matched, previous matched)` says so.
template <typename Joins>
std::vector<Span> merge_back(const std::vector<Span>& spans, Joins joins) {
  std::vector<Span> out;
  bool previous_matched = false;
  for (const auto& span : spans) {
    if (joins(span.matched, previous_matched) && !out.empty()) {
      out.back().end = span.end;
    } else {
      out.push_back(span);
    }
    previous_matched = span.matched;
  }
  return out;
}

}  // namespace

std::vector<Span> split_spans(const std::vector<Span>& spans, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::kIsolated: return spans;
    case SplitBehavior::kMergedWithNext: return merge_with_next(spans);
    case SplitBehavior::kMergedWithPrevious:
      return merge_back(spans, [](bool matched, bool previous) { return matched && !previous; });
    case SplitBehavior::kContiguous:
      return merge_back(spans, [](bool matched, bool previous) { return matched == previous; });
    case SplitBehavior::kRemoved: break;
  }
  std::vector<Span> out;
  for (const auto& span : spans) {
    if (!span.matched) out.push_back(span);
  }
  return out;
}

}  // namespace ar::calib
