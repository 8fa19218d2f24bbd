#include "core/calib/jinja/arithmetic.hpp"

#include <cmath>

namespace ar::jinja {
namespace {

constexpr std::int64_t kMaxRepeat = 1 << 20;

[[noreturn]] void fail_operands(std::string_view op, const Value& a, const Value& b) {
  for (const auto* value : {&a, &b}) {
    if (const auto* undefined = value->as<Undefined>()) fail("{}", undefined->what);
  }
  if (op == "+" && a.as_string() != nullptr) fail("can only concatenate str (not \"{}\") to str", b.type_name());
  fail("unsupported operand type(s) for {}: '{}' and '{}'", op, a.type_name(), b.type_name());
}

std::int64_t to_integer(const Value& value) {
  return value.as_int() != nullptr ? *value.as_int() : static_cast<std::int64_t>(value.to_double());
}

Value integer_result(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  if (op == "+") overflow = __builtin_add_overflow(a, b, &out);
  if (op == "-") overflow = __builtin_sub_overflow(a, b, &out);
  if (op == "*") overflow = __builtin_mul_overflow(a, b, &out);
  if (op == "//" || op == "%") {
    if (b == 0) fail("integer division or modulo by zero");
    if (b == -1) return op == "%" ? Value(std::int64_t{0}) : integer_result("-", 0, a);
    const std::int64_t floored = a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
    out = op == "//" ? floored : a - floored * b;
  }
  if (overflow) fail("{} {} {} is too large", a, op, b);
  return out;
}

Value float_result(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") return std::pow(a, b);
  if (b == 0) fail("division by zero");
  if (op == "/") return a / b;
  const double floored = std::floor(a / b);
  return op == "//" ? floored : a - floored * b;
}

Value number_result(std::string_view op, const Value& a, const Value& b) {
  const bool integers = a.as<double>() == nullptr && b.as<double>() == nullptr;
  if (integers && op == "**" && b.to_double() >= 0) {
    const double power = std::pow(a.to_double(), b.to_double());
    if (std::abs(power) < 9e15) return static_cast<std::int64_t>(power);
  }
  if (integers && op != "/" && op != "**") return integer_result(op, to_integer(a), to_integer(b));
  return float_result(op, a.to_double(), b.to_double());
}

Value repeat(const Value& what, std::int64_t count) {
  std::string text;
  std::vector<Value> items;
  const auto size = what.as_string() != nullptr ? what.as_string()->size() : what.as_sequence()->items.size();
  if (count > 0 && size > 0 && count > kMaxRepeat / static_cast<std::int64_t>(size)) fail("a repetition is too long");
  for (std::int64_t i = 0; i < count; ++i) {
    if (what.as_string() != nullptr)
      text += *what.as_string();
    else
      items.insert(items.end(), what.as_sequence()->items.begin(), what.as_sequence()->items.end());
  }
  return what.as_string() != nullptr ? Value(std::move(text)) : Value::list(std::move(items));
}

}  // namespace

Value arithmetic(std::string_view op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return number_result(op, a, b);
  if (op == "+" && a.as_string() != nullptr && b.as_string() != nullptr) return *a.as_string() + *b.as_string();
  const auto* left = a.as_sequence();
  const auto* right = b.as_sequence();
  if (op == "+" && left != nullptr && right != nullptr && left->is_tuple == right->is_tuple) {
    auto items = left->items;
    items.insert(items.end(), right->items.begin(), right->items.end());
    return left->is_tuple ? Value::tuple(std::move(items)) : Value::list(std::move(items));
  }
  if (op == "*" && (a.as_string() != nullptr || left != nullptr) && b.as_int() != nullptr)
    return repeat(a, *b.as_int());
  if (op == "*" && (b.as_string() != nullptr || right != nullptr) && a.as_int() != nullptr)
    return repeat(b, *a.as_int());
  fail_operands(op, a, b);
}

Value negate(const Value& a) {
  if (!a.is_number()) fail("bad operand type for unary -: '{}'", a.type_name());
  return a.as<double>() != nullptr ? Value(-a.to_double()) : integer_result("-", 0, to_integer(a));
}

}  // namespace ar::jinja
