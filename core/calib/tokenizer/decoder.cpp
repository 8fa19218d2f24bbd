#include "core/calib/tokenizer/decoder.hpp"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "core/calib/tokenizer/byte_level.hpp"
#include "core/calib/tokenizer/pattern.hpp"
#include "core/calib/tokenizer/pre_tokenizer.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

using Tokens = std::vector<std::string>;

void fuse(Tokens& tokens) {
  std::string all;
  for (const auto& token : tokens) all += token;
  tokens = {std::move(all)};
}

void decode_bytes(Tokens& tokens) {
  std::string all;
  for (const auto& token : tokens) all += from_byte_chars(token);
  tokens = {to_utf8_lossy(all)};
}

/// The byte of "<0x41>".
std::optional<char> byte_of(const std::string& token) {
  if (token.size() != 6 || token.compare(0, 3, "<0x") != 0 || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto* end = token.data() + 5;
  if (std::from_chars(token.data() + 3, end, value, 16).ptr != end) return std::nullopt;
  return static_cast<char>(value);
}

/// Runs of byte tokens become text, or one U+FFFD per byte if the run is not UTF-8.
void decode_byte_fallback(Tokens& tokens) {
  Tokens out;
  std::string run;
  const auto flush = [&] {
    if (is_utf8(run)) {
      if (!run.empty()) out.push_back(run);
    } else {
      out.insert(out.end(), run.size(), "\xef\xbf\xbd");
    }
    run.clear();
  };
  for (auto& token : tokens) {
    if (const auto byte = byte_of(token)) {
      run += *byte;
    } else {
      flush();
      out.push_back(std::move(token));
    }
  }
  flush();
  tokens = std::move(out);
}

Decoder make_sequence(const base::JsonCursor& json) {
  const auto list = json.at("decoders");
  std::vector<Decoder> steps;
  for (std::size_t i = 0; i < list.size(); ++i) steps.push_back(make_decoder(list.at(i)));
  return [steps = std::move(steps)](Tokens& tokens) {
    for (const auto& step : steps) step(tokens);
  };
}

Decoder make_replace(const base::JsonCursor& json) {
  auto pattern = std::make_shared<const Pattern>(Pattern::parse(json.at("pattern")));
  return [pattern, with = json.get_string("content")](Tokens& tokens) {
    for (auto& token : tokens) token = pattern->replace(token, with);
  };
}

/// Takes at most `start` and `stop` of one character from the two ends of every token.
Decoder make_strip(const base::JsonCursor& json) {
  const auto content = json.get_string("content");
  if (count_code_points(content) != 1) json.at("content").fail("must be one character");
  return [content, start = json.get_int("start"), stop = json.get_int("stop")](Tokens& tokens) {
    for (auto& token : tokens) {
      std::string_view rest = token;
      for (std::int64_t i = 0; i < start && rest.substr(0, content.size()) == content; ++i) {
        rest.remove_prefix(content.size());
      }
      for (std::int64_t i = 0;
           i < stop && rest.size() >= content.size() && rest.substr(rest.size() - content.size()) == content; ++i) {
        rest.remove_suffix(content.size());
      }
      token = std::string(rest);
    }
  };
}

Decoder make_metaspace(const base::JsonCursor& json) {
  const auto options = parse_metaspace(json);
  auto mark = std::make_shared<const Pattern>(Pattern::literal(options.replacement));
  const bool drop_first = options.prepend != PrependScheme::kNever;
  return [mark, drop_first](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = mark->replace(tokens[i], i == 0 && drop_first ? "" : " ");
    }
  };
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// Undoes the blanks that WordPiece leaves before punctuation and English contractions.
void clean_up(std::string& text) {
  constexpr std::pair<const char*, const char*> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (const auto& [what, with] : kRules) replace_all(text, what, with);
}

Decoder make_wordpiece(const base::JsonCursor& json) {
  return [prefix = json.get_string("prefix"), cleanup = json.get_bool("cleanup")](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      auto& token = tokens[i];
      if (i > 0 && token.compare(0, prefix.size(), prefix) == 0) {
        token.erase(0, prefix.size());
      } else if (i > 0) {
        token.insert(0, " ");
      }
      if (cleanup) clean_up(token);
    }
  };
}

Decoder make_bpe(const base::JsonCursor& json) {
  auto suffix = std::make_shared<const Pattern>(Pattern::literal(json.get_string("suffix")));
  return [suffix](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = suffix->replace(tokens[i], i + 1 == tokens.size() ? "" : " ");
    }
  };
}

}  // namespace

Decoder make_decoder(const base::JsonCursor& json) {
  const auto type = json.get_string("type");
  if (type == "Sequence") return make_sequence(json);
  if (type == "ByteLevel") return decode_bytes;
  if (type == "ByteFallback") return decode_byte_fallback;
  if (type == "Fuse") return fuse;
  if (type == "Replace") return make_replace(json);
  if (type == "Strip") return make_strip(json);
  if (type == "Metaspace") return make_metaspace(json);
  if (type == "WordPiece") return make_wordpiece(json);
  if (type == "BPEDecoder") return make_bpe(json);
  json.fail("has the unknown type \"" + type + "\"");
}

}  // namespace ar::calib
