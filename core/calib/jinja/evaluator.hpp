#pragma once

#include <map>
#include <string>

#include "core/calib/jinja/ast.hpp"

namespace ar::jinja {

/// Names of a block and, behind them, of what surrounds it.
class Scope {
 public:
  explicit Scope(const Scope* outer) : outer_(outer) {}

  void set(const std::string& name, Value value) { names_[name] = std::move(value); }
  const Value* find(const std::string& name) const {
    const auto found = names_.find(name);
    if (found != names_.end()) return &found->second;
    return outer_ != nullptr ? outer_->find(name) : nullptr;
  }

 private:
  const Scope* outer_;
  std::map<std::string, Value> names_;
};

/// Computes expressions.
class Evaluator {
 public:
  Value evaluate(const Node& node, const Scope& scope);

 private:
  Value evaluate_name(const Node& node, const Scope& scope);
  std::vector<Value> evaluate_all(const NodeList& nodes, const Scope& scope);
  Arguments evaluate_arguments(const Node& node, const Scope& scope);
  Value evaluate_dict(const Node& node, const Scope& scope);
  Value evaluate_slice(const Node& node, const Scope& scope);
  Value evaluate_call(const Node& node, const Scope& scope);
  Value evaluate_unary(const Node& node, const Scope& scope);
  Value evaluate_binary(const Node& node, const Scope& scope);
  Value evaluate_compare(const Node& node, const Scope& scope);
};

}  // namespace ar::jinja
