#include "core/calib/jinja/parser.hpp"

#include <initializer_list>

#include "core/calib/jinja/expression_parser.hpp"
#include "core/calib/jinja/lexer.hpp"

namespace ar::jinja {
namespace {

constexpr int kMaxDepth = 100;

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  NodeList parse() {
    auto body = parse_body({});
    if (current().kind != TokenKind::kEnd) unexpected("a statement");
    return body;
  }

 private:
  /// Statements up to the end or a block tag whose name is in `stops`; that name is the current token then.
  NodeList parse_body(std::initializer_list<std::string_view> stops) {
    if (++depth_ > kMaxDepth) fail("line {}: statements nest deeper than {}", current().line, kMaxDepth);
    NodeList body;
    while (current().kind != TokenKind::kEnd) {
      const auto token = take();
      if (token.kind == TokenKind::kText) {
        body.push_back(make_node(NodeKind::kText, token.line, token.text));
      } else if (token.kind == TokenKind::kPrintBegin) {
        auto output = make_node(NodeKind::kOutput, token.line);
        output->children.push_back(parse_tuple(true));
        if (take().kind != TokenKind::kPrintEnd)
          fail("line {}: a print tag holds more than one expression", token.line);
        body.push_back(std::move(output));
      } else {
        for (const auto stop : stops) {
          if (!current().is_name(stop)) continue;
          --depth_;
          return body;
        }
        body.push_back(parse_statement());
      }
    }
    --depth_;
    if (stops.size() != 0) fail("line {}: the template ends before {}", current().line, *(stops.end() - 1));
    return body;
  }

  void end_tag() {
    if (current().kind != TokenKind::kBlockEnd) unexpected("the end of the tag");
    take();
  }

  NodeList parse_block(std::string_view end) {
    end_tag();
    auto body = parse_body({end});
    take();
    end_tag();
    return body;
  }

  NodePtr parse_statement() {
    const int line = current().line;
    const auto name = expect_name();
    if (name == "if") return parse_if(line);
    if (name == "for") return parse_for(line);
    if (name == "set") return parse_set(line);
    if (name == "macro") return parse_macro(line);
    if (name == "break" || name == "continue") {
      end_tag();
      return make_node(name == "break" ? NodeKind::kBreak : NodeKind::kContinue, line);
    }
    if (name == "generation") {
      auto node = make_node(NodeKind::kScopeless, line);
      node->blocks.push_back(parse_block("endgeneration"));
      return node;
    }
    fail("line {}: the tag '{}' is not supported", line, name);
  }

  NodePtr parse_if(int line) {
    auto node = make_node(NodeKind::kIf, line);
    node->children.push_back(parse_tuple(false));
    while (true) {
      end_tag();
      node->blocks.push_back(parse_body({"elif", "else", "endif"}));
      const auto next = take().text;
      if (next == "endif") break;
      node->children.push_back(next == "elif" ? parse_tuple(false) : nullptr);
    }
    end_tag();
    return node;
  }

  NodePtr parse_target() {
    const int line = current().line;
    auto first = make_node(NodeKind::kName, line, expect_name());
    if (skip_operator(".")) {
      auto member = make_node(NodeKind::kAttribute, line, expect_name());
      member->children.push_back(std::move(first));
      return member;
    }
    if (!current().is_operator(",")) return first;
    auto tuple = make_node(NodeKind::kTuple, line);
    tuple->children.push_back(std::move(first));
    while (skip_operator(",")) tuple->children.push_back(make_node(NodeKind::kName, line, expect_name()));
    return tuple;
  }

  NodePtr parse_for(int line) {
    auto node = make_node(NodeKind::kFor, line);
    const bool bracket = skip_operator("(");
    node->children.push_back(parse_target());
    if (bracket) expect_operator(")");
    if (!skip_name("in")) unexpected("in");
    node->children.push_back(parse_tuple(false));
    node->children.push_back(skip_name("if") ? parse_expression() : nullptr);
    if (current().is_name("recursive")) fail("line {}: recursive loops are not supported", line);
    end_tag();
    node->blocks.push_back(parse_body({"else", "endfor"}));
    if (take().text == "else")
      node->blocks.push_back(parse_block("endfor"));
    else
      end_tag();
    return node;
  }

  NodePtr parse_set(int line) {
    auto target = parse_target();
    auto node = make_node(skip_operator("=") ? NodeKind::kSet : NodeKind::kSetBlock, line);
    node->children.push_back(std::move(target));
    if (node->kind == NodeKind::kSet) {
      node->children.push_back(parse_tuple(true));
      end_tag();
    } else {
      if (current().is_operator("|")) fail("line {}: filters on a set block are not supported", line);
      node->blocks.push_back(parse_block("endset"));
    }
    return node;
  }

  NodePtr parse_macro(int line) {
    auto node = make_node(NodeKind::kMacro, line, expect_name());
    expect_operator("(");
    while (!skip_operator(")")) {
      auto parameter = make_node(NodeKind::kArgument, current().line, expect_name());
      parameter->children.push_back(skip_operator("=") ? parse_expression() : nullptr);
      node->children.push_back(std::move(parameter));
      if (!current().is_operator(")")) expect_operator(",");
    }
    node->blocks.push_back(parse_block("endmacro"));
    return node;
  }

  int depth_ = 0;
};

}  // namespace

NodeList parse_template(std::string_view source) { return Parser(tokenize(source)).parse(); }

}  // namespace ar::jinja
