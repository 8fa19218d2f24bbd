#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/value.hpp>

#include "core/base/error.hpp"

// A small interpreter of Jinja, for chat templates only: what transformers' sandbox allows and templates use.
namespace ar::jinja {

class Value;
struct Arguments;

/// A name or member that does not exist. It prints as nothing; using it further is an error.
struct Undefined {
  std::string what;  // "'x' is undefined"
};
struct None {};
struct Sequence {
  std::vector<Value> items;
  bool is_tuple = false;
};
/// A dict in insertion order. Namespaces and `loop` are mappings too, with attributes that can be set.
struct Mapping {
  std::vector<std::pair<Value, Value>> items;
  bool is_namespace = false;

  const Value* find(const Value& key) const;
  void set(Value key, Value value);
};
using Function = std::function<Value(const Arguments&)>;

/// A Python value. Lists and dicts are shared, as in Python; templates cannot change them.
class Value {
 public:
  using Data = std::variant<Undefined, None, bool, std::int64_t, double, std::string, std::shared_ptr<Sequence>,
                            std::shared_ptr<Mapping>, std::shared_ptr<Function>>;

  Value() : data_(None{}) {}
  template <typename T,
            typename = std::enable_if_t<std::is_constructible_v<Data, T> && !std::is_same_v<std::decay_t<T>, Value>>>
  // NOLINTNEXTLINE(google-explicit-constructor): literals become values
  Value(T&& data) : data_(std::forward<T>(data)) {}
  Value(const char* text) : data_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : data_(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value dict(std::vector<std::pair<Value, Value>> items = {});
  static Value function(Function body);
  static Value undefined(std::string what) { return Undefined{std::move(what)}; }
  static Value from_json(const boost::json::value& json);

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }
  const std::string* as_string() const { return as<std::string>(); }
  const Sequence* as_sequence() const;
  Mapping* as_mapping() const;
  const Function* as_function() const;
  bool is_undefined() const { return as<Undefined>() != nullptr; }
  bool is_none() const { return as<None>() != nullptr; }
  bool is_number() const { return as<bool>() || as<std::int64_t>() || as<double>(); }
  double to_double() const;  // of a number
  const std::int64_t* as_int() const { return as<std::int64_t>(); }

  bool truth() const;
  std::string to_text() const;         // str()
  std::string to_repr() const;         // repr()
  const char* type_name() const;       // "str", "NoneType"
  std::vector<Value> iterate() const;  // items, keys or characters; fails on what cannot be iterated

 private:
  Data data_;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at `position` or of that name; null if absent.
  const Value* find(std::size_t position, std::string_view name) const;
  Value get(std::size_t position, std::string_view name, Value fallback = {}) const;
  std::string text(std::size_t position, std::string_view name, std::string_view fallback = "") const;
  std::int64_t integer(std::size_t position, std::string_view name, std::int64_t fallback) const;
};

bool equal(const Value& a, const Value& b);
bool less(const Value& a, const Value& b);  // fails on values that have no order
bool contains(const Value& container, const Value& item);

/// What a template does wrong, in the words of Python where it has some.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  base::fail("chat template: {}", fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace ar::jinja
