#include "core/calib/jinja/lexer.hpp"

#include <algorithm>
#include <cctype>

#include "core/calib/jinja/string_literal.hpp"
#include "core/calib/jinja/text.hpp"
#include "core/calib/jinja/value.hpp"

namespace ar::jinja {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name_char(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string unix_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();  // keep_trailing_newline is off
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(unix_newlines(source)), text_(source_) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) read_text();
    push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  void push(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  bool next_is(std::string_view wanted) const { return text_.substr(at_, wanted.size()) == wanted; }

  void advance(std::size_t count) {
    line_ += static_cast<int>(std::count(text_.begin() + at_, text_.begin() + at_ + count, '\n'));
    at_ += count;
  }

  /// Text up to the next tag, then the tag.
  void read_text() {
    std::size_t tag = at_;
    while (true) {
      tag = text_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= text_.size()) tag = text_.size();
      if (tag == text_.size() || text_[tag + 1] == '{' || text_[tag + 1] == '%' || text_[tag + 1] == '#') break;
      ++tag;
    }
    std::string text(text_.substr(at_, tag - at_));
    const char sign = tag + 2 < text_.size() ? text_[tag + 2] : '\0';
    if (tag < text_.size() && sign == '-') {
      text = strip(text, "", Side::kRight);
    } else if (tag < text_.size() && text_[tag + 1] != '{' && sign != '+') {
      strip_indent(text);
    }
    if (!text.empty()) push(TokenKind::kText, std::move(text));
    advance(tag - at_);
    if (at_ < text_.size()) read_tag(sign == '-' || sign == '+');
  }

  /// lstrip_blocks: blanks between the start of a line and a block tag vanish.
  void strip_indent(std::string& text) const {
    const auto newline = text.rfind('\n');
    const auto start = newline == std::string::npos ? 0 : newline + 1;
    if (newline == std::string::npos && !line_start_) return;
    if (strip(std::string_view(text).substr(start), "", Side::kRight).empty()) text.resize(start);
  }

  void read_tag(bool has_sign) {
    const char kind = text_[at_ + 1];
    advance(has_sign ? 3 : 2);
    if (kind == '#') return skip_comment();
    push(kind == '{' ? TokenKind::kPrintBegin : TokenKind::kBlockBegin, "");
    while (!read_tag_end(kind == '{' ? "}}" : "%}", kind == '{')) read_token();
    if (kind == '%' && is_raw()) read_raw();
  }

  void skip_comment() {
    const auto end = text_.find("#}", at_);
    if (end == std::string_view::npos) fail("line {}: a comment is not closed", line_);
    const char sign = text_[end - 1];
    advance(end + 2 - at_);
    after_tag(sign, false);
  }

  bool read_tag_end(std::string_view end, bool is_print) {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) advance(1);
    if (at_ >= text_.size()) fail("line {}: a tag is not closed with {}", line_, end);
    const char sign = text_[at_] == '-' || text_[at_] == '+' ? text_[at_] : '\0';
    const std::size_t skip = sign != '\0' ? 1 : 0;
    if (!depth_.empty() || text_.substr(at_ + skip, 2) != end) return false;
    advance(skip + 2);
    push(is_print ? TokenKind::kPrintEnd : TokenKind::kBlockEnd, "");
    after_tag(sign, is_print);
    return true;
  }

  /// trim_blocks: a newline right behind a block tag vanishes.
  void after_tag(char sign, bool is_print) {
    const auto begin = at_;
    if (sign == '-') {
      const auto rest = strip(text_.substr(at_), "", Side::kLeft);
      advance(text_.size() - at_ - rest.size());
    } else if (!is_print && sign != '+' && next_is("\n")) {
      advance(1);
    }
    line_start_ = at_ > begin && text_[at_ - 1] == '\n';
  }

  bool is_raw() const {
    const auto n = tokens_.size();
    return n >= 3 && tokens_[n - 2].is_name("raw") && tokens_[n - 3].kind == TokenKind::kBlockBegin;
  }

  void read_raw() {
    tokens_.resize(tokens_.size() - 3);
    for (auto end = text_.find("{%", at_); end != std::string_view::npos; end = text_.find("{%", end + 2)) {
      auto word = text_.find_first_not_of("-+ \t\n", end + 2);
      if (word == std::string_view::npos || text_.substr(word, 6) != "endraw") continue;
      std::string text(text_.substr(at_, end - at_));
      if (text_[end + 2] == '-')
        text = strip(text, "", Side::kRight);
      else
        strip_indent(text);
      push(TokenKind::kText, std::move(text));
      advance(word + 6 - at_);
      if (!read_tag_end("%}", false)) fail("line {}: endraw takes nothing", line_);
      tokens_.pop_back();
      return;
    }
    fail("line {}: raw is not closed with endraw", line_);
  }

  void read_token() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return read_string(c);
    if (is_digit(c)) return read_number();
    if (is_name_char(c)) {
      std::size_t end = at_;
      while (end < text_.size() && is_name_char(text_[end])) ++end;
      push(TokenKind::kName, std::string(text_.substr(at_, end - at_)));
      return advance(end - at_);
    }
    for (const std::string_view two : {"==", "!=", "<=", ">=", "//", "**"}) {
      if (next_is(two)) return read_operator(two);
    }
    if (std::string_view("+-*/%~|()[]{}.,:=<>").find(c) == std::string_view::npos) {
      fail("line {}: unexpected character '{}'", line_, c);
    }
    read_operator(text_.substr(at_, 1));
  }

  void read_operator(std::string_view text) {
    const char c = text[0];
    if (c == '(' || c == '[' || c == '{') depth_ += c;
    if (c == ')' || c == ']' || c == '}') {
      if (depth_.empty()) fail("line {}: unexpected '{}'", line_, c);
      depth_.pop_back();
    }
    push(TokenKind::kOperator, std::string(text));
    advance(text.size());
  }

  void read_string(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail("line {}: a string is not closed", line_);
    push(TokenKind::kString, unescape(text_.substr(at_ + 1, end - at_ - 1)));
    advance(end + 1 - at_);
  }

  void read_number() {
    std::size_t end = at_;
    bool is_float = false;
    while (end < text_.size()) {
      const char c = text_[end];
      const bool point = c == '.' && !is_float && end + 1 < text_.size() && is_digit(text_[end + 1]);
      const bool exponent = (c == 'e' || c == 'E') && end + 1 < text_.size() &&
                            (is_digit(text_[end + 1]) || text_[end + 1] == '-' || text_[end + 1] == '+');
      if (!is_digit(c) && c != '_' && !point && !exponent) break;
      is_float = is_float || point || exponent;
      end += exponent ? 2 : 1;
    }
    std::string digits(text_.substr(at_, end - at_));
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    push(is_float ? TokenKind::kFloat : TokenKind::kInteger, std::move(digits));
    advance(end - at_);
  }

  const std::string source_;
  const std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_start_ = true;
  std::string depth_;  // open brackets
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace ar::jinja
