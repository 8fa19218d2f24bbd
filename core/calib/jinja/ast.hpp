#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/calib/jinja/value.hpp"

namespace ar::jinja {

struct Node;
using NodePtr = std::unique_ptr<Node>;
using NodeList = std::vector<NodePtr>;

enum class NodeKind {
  // expressions; children in the order of the source
  kConstant,  // value
  kName,      // text
  kList,
  kTuple,
  kDict,       // key, value, key, value...
  kAttribute,  // object; text
  kSubscript,  // object, index
  kSlice,      // object, begin, end, step; each may be null
  kCall,       // function, arguments...
  kFilter,     // input, arguments...; text
  kTest,       // input, arguments...; text
  kUnary,      // operand; text is "-", "+" or "not"
  kBinary,     // left, right; text is the operator, "and", "or", "in", "not in"
  kCompare,    // operands; text has the operators between them, each followed by a blank
  kCondition,  // then, condition, else or null
  kArgument,   // value; text is its name, empty for a positional one
  // statements
  kOutput,     // expression
  kText,       // text
  kIf,         // one condition per block; null for else
  kFor,        // target, iterable, filter or null; blocks: body, else or nothing
  kSet,        // target, value
  kSetBlock,   // target; blocks: body
  kMacro,      // parameters as kArgument with default or null; text; blocks: body
  kScopeless,  // blocks: body, as it stands ("generation")
  kBreak,
  kContinue,
};

struct Node {
  NodeKind kind;
  int line = 0;
  std::string text;
  Value value;
  NodeList children;
  std::vector<NodeList> blocks;
};

}  // namespace ar::jinja
