#include "core/calib/jinja/interpreter.hpp"

#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/evaluator.hpp"
#include "core/calib/jinja/parser.hpp"

namespace ar::jinja {
namespace {

constexpr int kMaxCalls = 200;

enum class Flow { kNext, kBreak, kContinue };

class Interpreter : public Evaluator {
 public:
  explicit Interpreter(const Scope& top) : top_(&top) {}
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;
  /// A namespace may hold itself, which shared ownership alone would never free.
  ~Interpreter() {
    for (const auto& value : namespaces_) value.as_mapping()->items.clear();
  }

  Flow run(const NodeList& body, Scope& scope, std::string& out) {
    for (const auto& node : body) {
      const auto flow = run(*node, scope, out);
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

 private:
  Flow run(const Node& node, Scope& scope, std::string& out) {
    switch (node.kind) {
      case NodeKind::kText: out += node.text; break;
      case NodeKind::kOutput: out += evaluate(*node.children[0], scope).to_text(); break;
      case NodeKind::kIf: return run_if(node, scope, out);
      case NodeKind::kFor: run_for(node, scope, out); break;
      case NodeKind::kSet: assign(*node.children[0], evaluate(*node.children[1], scope), scope); break;
      case NodeKind::kSetBlock: {
        std::string text;
        Scope inner(&scope);
        run(node.blocks[0], inner, text);
        assign(*node.children[0], std::move(text), scope);
        break;
      }
      case NodeKind::kMacro: scope.set(node.text, make_macro(node, scope)); break;
      case NodeKind::kScopeless: return run(node.blocks[0], scope, out);
      case NodeKind::kBreak: return Flow::kBreak;
      case NodeKind::kContinue: return Flow::kContinue;
      default: fail("line {}: no statement", node.line);
    }
    return Flow::kNext;
  }

  Flow run_if(const Node& node, Scope& scope, std::string& out) {
    for (std::size_t i = 0; i < node.blocks.size(); ++i) {
      const auto* condition = node.children[i].get();
      if (condition == nullptr || evaluate(*condition, scope).truth()) return run(node.blocks[i], scope, out);
    }
    return Flow::kNext;
  }

  void assign(const Node& target, Value value, Scope& scope) {
    if (target.kind == NodeKind::kName) return scope.set(target.text, std::move(value));
    if (target.kind == NodeKind::kAttribute) {
      const auto object = evaluate(*target.children[0], scope);
      auto* mapping = object.as_mapping();
      if (mapping == nullptr || !mapping->is_namespace) {
        fail("line {}: cannot assign attribute on non-namespace object", target.line);
      }
      namespaces_.push_back(object);
      return mapping->set(target.text, std::move(value));
    }
    const auto items = value.iterate();
    if (items.size() != target.children.size()) {
      fail("line {}: {} values for {} names", target.line, items.size(), target.children.size());
    }
    for (std::size_t i = 0; i < items.size(); ++i) assign(*target.children[i], items[i], scope);
  }

  void run_for(const Node& node, Scope& scope, std::string& out) {
    auto items = evaluate(*node.children[1], scope).iterate();
    if (node.children[2]) items = filtered(node, std::move(items), scope);
    if (items.empty() && node.blocks.size() > 1) run(node.blocks[1], scope, out);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Scope inner(&scope);
      assign(*node.children[0], items[i], inner);
      inner.set("loop", loop_variable(items, i));
      if (run(node.blocks[0], inner, out) == Flow::kBreak) break;
    }
  }

  std::vector<Value> filtered(const Node& node, std::vector<Value> items, Scope& scope) {
    std::vector<Value> kept;
    for (auto& item : items) {
      Scope inner(&scope);
      assign(*node.children[0], item, inner);
      if (evaluate(*node.children[2], inner).truth()) kept.push_back(std::move(item));
    }
    return kept;
  }

  static Value loop_variable(const std::vector<Value>& items, std::size_t i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto n = static_cast<std::int64_t>(items.size());
    auto loop = std::make_shared<Mapping>();
    loop->is_namespace = true;
    loop->items = {
        {"index", index + 1},
        {"index0", index},
        {"first", index == 0},
        {"last", index + 1 == n},
        {"length", n},
        {"revindex", n - index},
        {"revindex0", n - index - 1},
        {"depth", std::int64_t{1}},
        {"previtem", i > 0 ? items[i - 1] : Value::undefined("there is no previous item")},
        {"nextitem", i + 1 < items.size() ? items[i + 1] : Value::undefined("there is no next item")},
        {"cycle", Value::function([i](const Arguments& arguments) {
           if (arguments.positional.empty()) fail("no items for cycling given");
           return arguments.positional[i % arguments.positional.size()];
         })},
    };
    return loop;
  }

  /// A macro keeps hold of the names around its definition, so these have to live as long as any value.
  Value make_macro(const Node& node, const Scope& scope) {
    if (&scope != top_) fail("line {}: a macro inside a loop, macro or set block is not supported", node.line);
    return Value::function([this, &node, &scope](const Arguments& arguments) -> Value {
      if (++calls_ > kMaxCalls) fail("macro {}: calls nest deeper than {}", node.text, kMaxCalls);
      Scope inner(&scope);
      bind(node, arguments, inner);
      std::string out;
      run(node.blocks[0], inner, out);
      --calls_;
      return out;
    });
  }

  void bind(const Node& macro, const Arguments& arguments, Scope& scope) {
    if (arguments.positional.size() > macro.children.size()) {
      fail("macro '{}' takes not more than {} argument(s)", macro.text, macro.children.size());
    }
    for (const auto& [name, value] : arguments.named) {
      bool known = false;
      for (const auto& parameter : macro.children) known = known || parameter->text == name;
      if (!known) fail("macro '{}' takes no keyword argument '{}'", macro.text, name);
    }
    for (std::size_t i = 0; i < macro.children.size(); ++i) {
      const auto& parameter = *macro.children[i];
      const auto* given = arguments.find(i, parameter.text);
      if (given != nullptr) {
        scope.set(parameter.text, *given);
      } else if (parameter.children[0]) {
        scope.set(parameter.text, evaluate(*parameter.children[0], scope));
      } else {
        scope.set(parameter.text, Value::undefined(fmt::format("parameter '{}' was not provided", parameter.text)));
      }
    }
  }

  const Scope* top_;
  std::vector<Value> namespaces_;  // those that were assigned to
  int calls_ = 0;
};

}  // namespace

Template::Template(std::string_view source) : body_(parse_template(source)) {}

std::string Template::render(const boost::json::object& variables, const std::tm& now) const {
  Scope globals(nullptr);
  for (auto& [name, value] : make_globals(now).items) globals.set(name.to_text(), value);
  for (const auto& [name, value] : variables) globals.set(std::string(name), Value::from_json(value));
  Scope top(&globals);
  std::string out;
  Interpreter(top).run(body_, top, out);
  return out;
}

}  // namespace ar::jinja
