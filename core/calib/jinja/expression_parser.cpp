#include "core/calib/jinja/expression_parser.hpp"

#include <cstdlib>

namespace ar::jinja {
namespace {

constexpr int kMaxDepth = 100;

class Depth {
 public:
  Depth(int& depth, int line) : depth_(depth) {
    if (++depth_ > kMaxDepth) fail("line {}: expressions nest deeper than {}", line, kMaxDepth);
  }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  ~Depth() { --depth_; }

 private:
  int& depth_;
};

bool is_comparison(const Token& token) {
  if (token.kind != TokenKind::kOperator) return false;
  for (const auto* op : {"==", "!=", "<", "<=", ">", ">="}) {
    if (token.text == op) return true;
  }
  return false;
}

}  // namespace

NodePtr make_node(NodeKind kind, int line, std::string text) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->line = line;
  node->text = std::move(text);
  return node;
}

Token ExpressionParser::take() {
  Token token = current();
  if (token.kind != TokenKind::kEnd) ++at_;
  return token;
}

bool ExpressionParser::skip_operator(std::string_view text) {
  const bool found = current().is_operator(text);
  if (found) take();
  return found;
}

bool ExpressionParser::skip_name(std::string_view text) {
  const bool found = current().is_name(text);
  if (found) take();
  return found;
}

void ExpressionParser::expect_operator(std::string_view text) {
  if (!skip_operator(text)) unexpected(text);
}

std::string ExpressionParser::expect_name() {
  if (current().kind != TokenKind::kName) unexpected("a name");
  return take().text;
}

void ExpressionParser::unexpected(std::string_view expected) const {
  const bool end = current().kind == TokenKind::kEnd || current().kind == TokenKind::kBlockEnd ||
                   current().kind == TokenKind::kPrintEnd;
  fail("line {}: expected {}, found {}", current().line, expected,
       end ? "the end of the tag" : "'" + current().text + "'");
}

NodePtr ExpressionParser::binary(NodePtr left, NodePtr right, std::string op) {
  auto node = make_node(NodeKind::kBinary, left->line, std::move(op));
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}

NodePtr ExpressionParser::parse_tuple(bool with_condition) {
  const int line = current().line;
  const auto item = [&] { return with_condition ? parse_expression() : parse_or(); };
  auto first = item();
  if (!current().is_operator(",")) return first;
  auto tuple = make_node(NodeKind::kTuple, line);
  tuple->children.push_back(std::move(first));
  while (skip_operator(",")) {
    if (current().kind == TokenKind::kPrintEnd || current().kind == TokenKind::kBlockEnd || current().is_operator(")"))
      break;
    tuple->children.push_back(item());
  }
  return tuple;
}

NodePtr ExpressionParser::parse_expression() {
  const Depth depth(depth_, current().line);
  auto node = parse_or();
  while (skip_name("if")) {
    auto condition = make_node(NodeKind::kCondition, node->line);
    condition->children.push_back(std::move(node));
    condition->children.push_back(parse_or());
    condition->children.push_back(skip_name("else") ? parse_expression() : nullptr);
    node = std::move(condition);
  }
  return node;
}

NodePtr ExpressionParser::parse_or() {
  auto node = parse_and();
  while (skip_name("or")) node = binary(std::move(node), parse_and(), "or");
  return node;
}

NodePtr ExpressionParser::parse_and() {
  auto node = parse_not();
  while (skip_name("and")) node = binary(std::move(node), parse_not(), "and");
  return node;
}

NodePtr ExpressionParser::parse_not() {
  const Depth depth(depth_, current().line);
  if (!current().is_name("not")) return parse_compare();
  auto node = make_node(NodeKind::kUnary, take().line, "not");
  node->children.push_back(parse_not());
  return node;
}

/// a < b < c is one node with three children and the operators in `text`, each followed by a blank.
NodePtr ExpressionParser::parse_compare() {
  auto left = parse_sum();
  if (is_comparison(current())) {
    auto node = make_node(NodeKind::kCompare, current().line);
    node->children.push_back(std::move(left));
    while (is_comparison(current())) {
      node->text += take().text + " ";
      node->children.push_back(parse_sum());
    }
    return node;
  }
  while (true) {
    if (skip_name("in")) {
      left = binary(std::move(left), parse_sum(), "in");
    } else if (current().is_name("not") && peek().is_name("in")) {
      take();
      take();
      left = binary(std::move(left), parse_sum(), "not in");
    } else {
      return left;
    }
  }
}

NodePtr ExpressionParser::parse_sum() {
  auto node = parse_concat();
  while (current().is_operator("+") || current().is_operator("-")) {
    auto op = take().text;
    node = binary(std::move(node), parse_concat(), std::move(op));
  }
  return node;
}

NodePtr ExpressionParser::parse_concat() {
  auto node = parse_product();
  while (skip_operator("~")) node = binary(std::move(node), parse_product(), "~");
  return node;
}

NodePtr ExpressionParser::parse_product() {
  auto node = parse_power();
  while (current().is_operator("*") || current().is_operator("/") || current().is_operator("//") ||
         current().is_operator("%")) {
    auto op = take().text;
    node = binary(std::move(node), parse_power(), std::move(op));
  }
  return node;
}

NodePtr ExpressionParser::parse_power() {
  auto node = parse_unary(true);
  while (skip_operator("**")) node = binary(std::move(node), parse_unary(true), "**");
  return node;
}

NodePtr ExpressionParser::parse_unary(bool with_filters) {
  const Depth depth(depth_, current().line);
  NodePtr node;
  if (current().is_operator("-") || current().is_operator("+")) {
    const auto sign = take();
    node = make_node(NodeKind::kUnary, sign.line, sign.text);
    node->children.push_back(parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters(std::move(node)) : std::move(node);
}

NodePtr ExpressionParser::parse_primary() {
  const auto& token = current();
  const int line = token.line;
  const auto constant = [&](Value value) {
    take();
    auto node = make_node(NodeKind::kConstant, line);
    node->value = std::move(value);
    return node;
  };
  switch (token.kind) {
    case TokenKind::kString: return parse_string();
    case TokenKind::kInteger: return constant(static_cast<std::int64_t>(std::strtoll(token.text.c_str(), nullptr, 10)));
    case TokenKind::kFloat: return constant(std::strtod(token.text.c_str(), nullptr));
    case TokenKind::kName:
      if (token.text == "true" || token.text == "True") return constant(true);
      if (token.text == "false" || token.text == "False") return constant(false);
      if (token.text == "none" || token.text == "None") return constant(None{});
      return make_node(NodeKind::kName, line, take().text);
    default: break;
  }
  if (token.is_operator("[")) return parse_list();
  if (token.is_operator("{")) return parse_dict();
  expect_operator("(");
  if (skip_operator(")")) return make_node(NodeKind::kTuple, line);
  auto inner = parse_tuple(true);
  expect_operator(")");
  return inner;
}

NodePtr ExpressionParser::parse_string() {
  auto node = make_node(NodeKind::kConstant, current().line);
  std::string text;
  while (current().kind == TokenKind::kString) text += take().text;
  node->value = std::move(text);
  return node;
}

NodePtr ExpressionParser::parse_list() {
  auto node = make_node(NodeKind::kList, take().line);
  while (!skip_operator("]")) {
    node->children.push_back(parse_expression());
    if (!current().is_operator("]")) expect_operator(",");
  }
  return node;
}

NodePtr ExpressionParser::parse_dict() {
  auto node = make_node(NodeKind::kDict, take().line);
  while (!skip_operator("}")) {
    node->children.push_back(parse_expression());
    expect_operator(":");
    node->children.push_back(parse_expression());
    if (!current().is_operator("}")) expect_operator(",");
  }
  return node;
}

NodePtr ExpressionParser::parse_postfix(NodePtr node) {
  while (true) {
    if (skip_operator(".")) {
      const bool index = current().kind == TokenKind::kInteger;
      auto member = make_node(index ? NodeKind::kSubscript : NodeKind::kAttribute, current().line);
      member->children.push_back(std::move(node));
      if (index)
        member->children.push_back(parse_primary());
      else
        member->text = expect_name();
      node = std::move(member);
    } else if (current().is_operator("[")) {
      node = parse_subscript(std::move(node));
    } else if (current().is_operator("(")) {
      auto call = make_node(NodeKind::kCall, current().line);
      call->children.push_back(std::move(node));
      parse_arguments(*call);
      node = std::move(call);
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_subscript(NodePtr object) {
  const int line = take().line;
  NodeList parts;
  bool is_slice = false;
  NodePtr part = current().is_operator(":") ? nullptr : parse_expression();
  while (skip_operator(":")) {
    is_slice = true;
    parts.push_back(std::move(part));
    part = current().is_operator(":") || current().is_operator("]") ? nullptr : parse_expression();
  }
  parts.push_back(std::move(part));
  if (parts.size() > 3) unexpected("]");
  expect_operator("]");
  auto node = make_node(is_slice ? NodeKind::kSlice : NodeKind::kSubscript, line);
  if (is_slice) parts.resize(3);
  node->children.push_back(std::move(object));
  for (auto& item : parts) node->children.push_back(std::move(item));
  return node;
}

void ExpressionParser::parse_arguments(Node& call) {
  expect_operator("(");
  while (!skip_operator(")")) {
    if (current().is_operator("*") || current().is_operator("**"))
      fail("line {}: unpacking with * is not supported", current().line);
    auto argument = make_node(NodeKind::kArgument, current().line);
    if (current().kind == TokenKind::kName && peek().is_operator("=")) {
      argument->text = take().text;
      take();
    }
    argument->children.push_back(parse_expression());
    call.children.push_back(std::move(argument));
    if (!current().is_operator(")")) expect_operator(",");
  }
}

NodePtr ExpressionParser::parse_filters(NodePtr node) {
  while (true) {
    if (skip_operator("|")) {
      auto filter = make_node(NodeKind::kFilter, current().line);
      filter->text = expect_name();
      filter->children.push_back(std::move(node));
      if (current().is_operator("(")) parse_arguments(*filter);
      node = std::move(filter);
    } else if (skip_name("is")) {
      node = parse_test(std::move(node));
    } else if (current().is_operator("(") || current().is_operator(".") || current().is_operator("[")) {
      node = parse_postfix(std::move(node));
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_test(NodePtr input) {
  const int line = current().line;
  const bool negated = skip_name("not");
  auto test = make_node(NodeKind::kTest, line, expect_name());
  test->children.push_back(std::move(input));
  const auto& token = current();
  const bool stops = token.is_name("else") || token.is_name("or") || token.is_name("and") || token.is_name("is") ||
                     token.is_name("if") || token.is_name("not") || token.is_name("in");
  const bool starts = token.kind == TokenKind::kName || token.kind == TokenKind::kString ||
                      token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat || token.is_operator("[") ||
                      token.is_operator("{");
  if (token.is_operator("(")) {
    parse_arguments(*test);
  } else if (starts && !stops) {
    auto argument = make_node(NodeKind::kArgument, line);
    argument->children.push_back(parse_postfix(parse_primary()));
    test->children.push_back(std::move(argument));
  }
  if (!negated) return test;
  auto node = make_node(NodeKind::kUnary, line, "not");
  node->children.push_back(std::move(test));
  return node;
}

}  // namespace ar::jinja
