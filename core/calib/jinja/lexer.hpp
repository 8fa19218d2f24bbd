#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ar::jinja {

enum class TokenKind {
  kText,        // outside of tags
  kPrintBegin,  // {{
  kPrintEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;  // of a string: its value
  int line;

  bool is(TokenKind wanted, std::string_view wanted_text) const { return kind == wanted && text == wanted_text; }
  bool is_operator(std::string_view wanted) const { return is(TokenKind::kOperator, wanted); }
  bool is_name(std::string_view wanted) const { return is(TokenKind::kName, wanted); }
};

/// Tokens of a template with trim_blocks and lstrip_blocks on, which ends with a kEnd.
std::vector<Token> tokenize(std::string_view source);

}  // namespace ar::jinja
