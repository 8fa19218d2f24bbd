#include "core/calib/jinja/evaluator.hpp"

#include <algorithm>

#include "core/calib/jinja/arithmetic.hpp"
#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/text.hpp"

namespace ar::jinja {
namespace {

bool compare(std::string_view op, const Value& a, const Value& b) {
  if (op == "==") return equal(a, b);
  if (op == "!=") return !equal(a, b);
  if (op == "<") return less(a, b);
  if (op == ">") return less(b, a);
  if (op == "<=") return less(a, b) || equal(a, b);
  return less(b, a) || equal(a, b);
}

/// The positions that [begin:end:step] picks out of `size`.
std::vector<std::size_t> slice_positions(std::int64_t size, const Value& begin, const Value& end, const Value& step) {
  const auto integer = [](const Value& value, std::int64_t fallback) {
    if (value.is_none()) return fallback;
    if (value.as_int() == nullptr) fail("slice indices must be integers or None");
    return *value.as_int();
  };
  const std::int64_t stride = integer(step, 1);
  if (stride == 0) fail("slice step cannot be zero");
  const std::int64_t low = stride > 0 ? 0 : -1;
  const std::int64_t high = stride > 0 ? size : size - 1;
  const auto bound = [&](const Value& value, std::int64_t fallback) {
    if (value.is_none()) return fallback;
    const auto raw = integer(value, 0);
    return std::clamp(raw < 0 ? std::max(raw, -size - 1) + size : raw, low, high);
  };
  const auto stop = bound(end, stride > 0 ? high : low);
  std::vector<std::size_t> positions;
  for (auto i = bound(begin, stride > 0 ? low : high); stride > 0 ? i < stop : i > stop;) {
    positions.push_back(static_cast<std::size_t>(i));
    if (__builtin_add_overflow(i, stride, &i)) break;
  }
  return positions;
}

}  // namespace

Value Evaluator::evaluate(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case NodeKind::kConstant: return node.value;
    case NodeKind::kName: return evaluate_name(node, scope);
    case NodeKind::kList: return Value::list(evaluate_all(node.children, scope));
    case NodeKind::kTuple: return Value::tuple(evaluate_all(node.children, scope));
    case NodeKind::kDict: return evaluate_dict(node, scope);
    case NodeKind::kAttribute: return get_attribute(evaluate(*node.children[0], scope), node.text);
    case NodeKind::kSubscript: return get_item(evaluate(*node.children[0], scope), evaluate(*node.children[1], scope));
    case NodeKind::kSlice: return evaluate_slice(node, scope);
    case NodeKind::kCall: return evaluate_call(node, scope);
    case NodeKind::kFilter:
      return apply_filter(node.text, evaluate(*node.children[0], scope), evaluate_arguments(node, scope));
    case NodeKind::kTest:
      return apply_test(node.text, evaluate(*node.children[0], scope), evaluate_arguments(node, scope));
    case NodeKind::kUnary: return evaluate_unary(node, scope);
    case NodeKind::kBinary: return evaluate_binary(node, scope);
    case NodeKind::kCompare: return evaluate_compare(node, scope);
    case NodeKind::kCondition: {
      if (evaluate(*node.children[1], scope).truth()) return evaluate(*node.children[0], scope);
      if (node.children[2]) return evaluate(*node.children[2], scope);
      return Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
    }
    default: fail("line {}: no expression", node.line);
  }
}

Value Evaluator::evaluate_name(const Node& node, const Scope& scope) {
  const auto* value = scope.find(node.text);
  return value != nullptr ? *value : Value::undefined(fmt::format("'{}' is undefined", node.text));
}

std::vector<Value> Evaluator::evaluate_all(const NodeList& nodes, const Scope& scope) {
  std::vector<Value> values;
  for (const auto& node : nodes) values.push_back(evaluate(*node, scope));
  return values;
}

Arguments Evaluator::evaluate_arguments(const Node& node, const Scope& scope) {
  Arguments arguments;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const auto& argument = *node.children[i];
    auto value = evaluate(*argument.children[0], scope);
    if (argument.text.empty())
      arguments.positional.push_back(std::move(value));
    else
      arguments.named.emplace_back(argument.text, std::move(value));
  }
  return arguments;
}

Value Evaluator::evaluate_dict(const Node& node, const Scope& scope) {
  auto dict = Value::dict();
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    dict.as_mapping()->set(evaluate(*node.children[i], scope), evaluate(*node.children[i + 1], scope));
  }
  return dict;
}

Value Evaluator::evaluate_slice(const Node& node, const Scope& scope) {
  const auto object = evaluate(*node.children[0], scope);
  const auto part = [&](std::size_t i) {
    return node.children[i] ? evaluate(*node.children[i], scope) : Value(None{});
  };
  const auto positions = [&](std::size_t size) {
    return slice_positions(static_cast<std::int64_t>(size), part(1), part(2), part(3));
  };
  if (const auto* text = object.as_string()) {
    const auto points = to_points(*text);
    std::u32string out;
    for (const auto at : positions(points.size())) out += points[at];
    return from_points(out);
  }
  const auto* sequence = object.as_sequence();
  if (sequence == nullptr) {
    if (const auto* undefined = object.as<Undefined>()) fail("{}", undefined->what);
    fail("'{}' object cannot be sliced", object.type_name());
  }
  std::vector<Value> items;
  for (const auto at : positions(sequence->items.size())) items.push_back(sequence->items[at]);
  return sequence->is_tuple ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Value Evaluator::evaluate_call(const Node& node, const Scope& scope) {
  const auto callee = evaluate(*node.children[0], scope);
  const auto* function = callee.as_function();
  if (function != nullptr) return (*function)(evaluate_arguments(node, scope));
  if (const auto* undefined = callee.as<Undefined>()) fail("{}", undefined->what);
  fail("'{}' object is not callable", callee.type_name());
}

Value Evaluator::evaluate_unary(const Node& node, const Scope& scope) {
  auto operand = evaluate(*node.children[0], scope);
  if (node.text == "not") return !operand.truth();
  if (node.text == "-") return negate(operand);
  return operand;
}

Value Evaluator::evaluate_binary(const Node& node, const Scope& scope) {
  auto left = evaluate(*node.children[0], scope);
  if (node.text == "and") return left.truth() ? evaluate(*node.children[1], scope) : left;
  if (node.text == "or") return left.truth() ? left : evaluate(*node.children[1], scope);
  const auto right = evaluate(*node.children[1], scope);
  if (node.text == "in") return contains(right, left);
  if (node.text == "not in") return !contains(right, left);
  if (node.text == "~") return left.to_text() + right.to_text();
  return arithmetic(node.text, left, right);
}

Value Evaluator::evaluate_compare(const Node& node, const Scope& scope) {
  auto left = evaluate(*node.children[0], scope);
  std::string_view operators = node.text;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const auto blank = operators.find(' ');
    auto right = evaluate(*node.children[i], scope);
    if (!compare(operators.substr(0, blank), left, right)) return false;
    operators.remove_prefix(blank + 1);
    left = std::move(right);
  }
  return true;
}

}  // namespace ar::jinja
