#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "core/calib/jinja/ast.hpp"
#include "core/calib/jinja/lexer.hpp"

namespace ar::jinja {

NodePtr make_node(NodeKind kind, int line, std::string text = {});

/// Recursive descent over the tokens; one method per level of precedence, loosest first.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

 protected:
  const Token& current() const { return tokens_[at_]; }
  const Token& peek() const { return tokens_[at_ + (at_ + 1 < tokens_.size() ? 1 : 0)]; }
  Token take();
  bool skip_operator(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_operator(std::string_view text);
  std::string expect_name();
  [[noreturn]] void unexpected(std::string_view expected) const;

  NodePtr parse_expression();  // with "a if b else c"
  NodePtr parse_tuple(bool with_condition);
  NodePtr parse_or();
  NodePtr parse_primary();
  NodePtr parse_postfix(NodePtr node);
  NodePtr parse_filters(NodePtr node);

 private:
  NodePtr parse_and();
  NodePtr parse_not();
  NodePtr parse_compare();
  NodePtr parse_sum();
  NodePtr parse_concat();
  NodePtr parse_product();
  NodePtr parse_power();
  NodePtr parse_unary(bool with_filters);
  NodePtr parse_string();
  NodePtr parse_list();
  NodePtr parse_dict();
  NodePtr parse_subscript(NodePtr object);
  NodePtr parse_test(NodePtr input);
  void parse_arguments(Node& call);
  NodePtr binary(NodePtr left, NodePtr right, std::string op);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;  // of nesting, bounded so that no input exhausts the stack
};

}  // namespace ar::jinja
