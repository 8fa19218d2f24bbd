#include <iomanip>
#include <sstream>

#include "core/calib/jinja/builtins.hpp"

namespace ar::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100000;  // as in Jinja's sandbox

Value range(const Arguments& arguments) {
  const bool one = arguments.positional.size() == 1;
  const auto begin = one ? 0 : arguments.integer(0, "start", 0);
  const auto end = arguments.integer(one ? 0 : 1, "stop", 0);
  const auto step = arguments.integer(2, "step", 1);
  if (step == 0) fail("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (auto i = begin; step > 0 ? i < end : i > end;) {
    if (static_cast<std::int64_t>(items.size()) == kMaxRange) fail("range too big; at most {} items", kMaxRange);
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return Value::list(std::move(items));
}

Value make_dict(const Arguments& arguments) {
  auto dict = Value::dict();
  auto& out = *dict.as_mapping();
  for (const auto& value : arguments.positional) {
    const auto* mapping = value.as_mapping();
    if (mapping == nullptr) fail("dict() takes a dict, not a {}", value.type_name());
    for (const auto& [key, item] : mapping->items) out.set(key, item);
  }
  for (const auto& [name, value] : arguments.named) out.set(name, value);
  return dict;
}

Value make_namespace(const Arguments& arguments) {
  auto value = make_dict(arguments);
  value.as_mapping()->is_namespace = true;
  return value;
}

/// The message is the template author's: it reaches the user as it is.
Value raise_exception(const Arguments& arguments) {
  throw base::Error(base::Exit::kFailed, arguments.text(0, "message"));
}

}  // namespace

Mapping make_globals(const std::tm& now) {
  Mapping globals;
  globals.set("range", Value::function(range));
  globals.set("dict", Value::function(make_dict));
  globals.set("namespace", Value::function(make_namespace));
  globals.set("raise_exception", Value::function(raise_exception));
  globals.set("strftime_now", Value::function([now](const Arguments& arguments) -> Value {
                std::ostringstream out;
                out.imbue(std::locale::classic());
                out << std::put_time(&now, arguments.text(0, "format").c_str());
                return out.str();
              }));
  return globals;
}

}  // namespace ar::jinja
