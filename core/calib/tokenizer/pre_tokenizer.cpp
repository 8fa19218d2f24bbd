#include "core/calib/tokenizer/pre_tokenizer.hpp"

#include <memory>
#include <utility>

#include "core/calib/tokenizer/byte_level.hpp"
#include "core/calib/tokenizer/char_class.hpp"
#include "core/calib/tokenizer/pattern.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

void append_spans(const Piece& piece, const std::vector<Span>& spans, Pieces& out) {
  for (const auto& span : spans) {
    if (span.begin == span.end) continue;
    out.push_back({piece.text.substr(span.begin, span.end - span.begin), piece.at_start && span.begin == 0, -1});
  }
}

PreTokenizer split_by_char(std::function<bool(char32_t)> matches, SplitBehavior behavior) {
  return [matches = std::move(matches), behavior](Piece piece, Pieces& out) {
    append_spans(piece, split_spans(char_spans(piece.text, matches), behavior), out);
  };
}

PreTokenizer make_sequence(const base::JsonCursor& json) {
  const auto list = json.at("pretokenizers");
  std::vector<PreTokenizer> steps;
  for (std::size_t i = 0; i < list.size(); ++i) steps.push_back(make_pre_tokenizer(list.at(i)));
  return [steps = std::move(steps)](Piece piece, Pieces& out) {
    const auto before = piece.text.size();
    Pieces pieces;
    pieces.push_back(std::move(piece));
    for (const auto& step : steps) {
      Pieces parts;
      parts.reserve(pieces.size());
      for (auto& part : pieces) step(std::move(part), parts);
      pieces = std::move(parts);
      std::size_t size = 0;
      for (const auto& part : pieces) size += part.text.size();
      check_growth(before, size);
    }
    for (auto& part : pieces) out.push_back(std::move(part));
  };
}

PreTokenizer make_split(const base::JsonCursor& json) {
  auto pattern = std::make_shared<const Pattern>(Pattern::parse(json.at("pattern")));
  const auto behavior = parse_split_behavior(json.at("behavior"));
  const bool invert = json.get_bool("invert", false);
  return [=](Piece piece, Pieces& out) {
    auto spans = pattern->spans(piece.text);
    for (auto& span : spans) span.matched = span.matched != invert;
    append_spans(piece, split_spans(spans, behavior), out);
  };
}

PreTokenizer make_byte_level(const base::JsonCursor& json) {
  const bool prefix = json.get_bool("add_prefix_space");
  auto pattern = json.get_bool("use_regex", true)
                     ? std::make_shared<const Pattern>(Pattern::regex(kGpt2Split, json.where()))
                     : nullptr;
  return [=](Piece piece, Pieces& out) {
    if (prefix && piece.text.front() != ' ') piece.text.insert(0, " ");
    const auto first = out.size();
    if (pattern) {
      append_spans(piece, pattern->spans(piece.text), out);
    } else {
      out.push_back(std::move(piece));
    }
    for (auto i = first; i < out.size(); ++i) out[i].text = to_byte_chars(out[i].text);
  };
}

PreTokenizer make_metaspace(const base::JsonCursor& json) {
  const auto options = parse_metaspace(json);
  auto space = std::make_shared<const Pattern>(Pattern::literal(" "));
  auto mark = std::make_shared<const Pattern>(Pattern::literal(options.replacement));
  return [=](Piece piece, Pieces& out) {
    piece.text = space->replace(piece.text, options.replacement);
    const bool wanted =
        options.prepend == PrependScheme::kAlways || (options.prepend == PrependScheme::kFirst && piece.at_start);
    if (wanted && piece.text.compare(0, options.replacement.size(), options.replacement) != 0) {
      piece.text.insert(0, options.replacement);
    }
    if (options.split) {
      append_spans(piece, split_spans(mark->spans(piece.text), SplitBehavior::kMergedWithNext), out);
    } else {
      out.push_back(std::move(piece));
    }
  };
}

PreTokenizer make_digits(const base::JsonCursor& json) {
  return split_by_char(is_numeric,
                       json.get_bool("individual_digits") ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
}

PreTokenizer make_punctuation(const base::JsonCursor& json) {
  const auto behavior = json.find("behavior");
  return split_by_char(is_punctuation, behavior ? parse_split_behavior(*behavior) : SplitBehavior::kIsolated);
}

PreTokenizer make_delimiter(const base::JsonCursor& json) {
  const auto member = json.at("delimiter");
  const auto text = member.as_string();
  std::size_t at = 0;
  const char32_t delimiter = text.empty() ? 0 : next_code_point(text, at);
  if (text.empty() || at != text.size()) member.fail("must be one character");
  return split_by_char([delimiter](char32_t c) { return c == delimiter; }, SplitBehavior::kRemoved);
}

PreTokenizer make_fixed_length(const base::JsonCursor& json) {
  const auto length = json.get_int("length");
  if (length < 1) json.at("length").fail("must be positive");
  return [length](Piece piece, Pieces& out) {
    std::vector<Span> spans;
    for (std::size_t at = 0; at < piece.text.size();) {
      const std::size_t begin = at;
      for (std::int64_t n = 0; n < length && at < piece.text.size(); ++n) at += utf8_length(piece.text[at]);
      spans.push_back({begin, at, false});
    }
    append_spans(piece, spans, out);
  };
}

/// Runs of word characters and runs of everything else but blanks.
void split_words(Piece piece, Pieces& out) {
  enum class Kind { kNone, kBlank, kWord, kOther };
  std::vector<Span> spans;
  auto last = Kind::kNone;
  for (std::size_t at = 0; at < piece.text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(piece.text, at);
    const auto kind = is_word(c) ? Kind::kWord : is_whitespace(c) ? Kind::kBlank : Kind::kOther;
    if (kind != Kind::kBlank && kind == last) {
      spans.back().end = at;
    } else if (kind != Kind::kBlank) {
      spans.push_back({begin, at, false});
    }
    last = kind;
  }
  append_spans(piece, spans, out);
}

PreTokenizer make_bert() {
  const auto words = split_by_char(is_whitespace, SplitBehavior::kRemoved);
  const auto marks = split_by_char(is_punctuation, SplitBehavior::kIsolated);
  return [=](Piece piece, Pieces& out) {
    Pieces parts;
    words(std::move(piece), parts);
    for (auto& part : parts) marks(std::move(part), out);
  };
}

}  // namespace

Metaspace parse_metaspace(const base::JsonCursor& json) {
  Metaspace options;
  options.replacement = json.get_string("replacement");
  if (count_code_points(options.replacement) != 1) json.at("replacement").fail("must be one character");
  options.split = json.get_bool("split", true);
  const auto scheme = json.get_string("prepend_scheme", json.get_bool("add_prefix_space", true) ? "always" : "never");
  if (scheme == "first") {
    options.prepend = PrependScheme::kFirst;
  } else if (scheme == "never") {
    options.prepend = PrependScheme::kNever;
  } else if (scheme != "always") {
    json.at("prepend_scheme").fail("is \"" + scheme + "\"; known are always, first and never");
  }
  return options;
}

PreTokenizer make_pre_tokenizer(const base::JsonCursor& json) {
  const auto type = json.get_string("type");
  if (type == "Sequence") return make_sequence(json);
  if (type == "Split") return make_split(json);
  if (type == "ByteLevel") return make_byte_level(json);
  if (type == "Metaspace") return make_metaspace(json);
  if (type == "Digits") return make_digits(json);
  if (type == "Punctuation") return make_punctuation(json);
  if (type == "Whitespace") return split_words;
  if (type == "WhitespaceSplit") return split_by_char(is_whitespace, SplitBehavior::kRemoved);
  if (type == "BertPreTokenizer") return make_bert();
  if (type == "CharDelimiterSplit") return make_delimiter(json);
  if (type == "FixedLength") return make_fixed_length(json);
  json.fail("has the unknown type \"" + type + "\"");
}

}  // namespace ar::calib
