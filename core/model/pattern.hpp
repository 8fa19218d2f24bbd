#pragma once

#include <memory>
#include <string>
#include <string_view>

struct re_pattern_buffer;

namespace ar::model {

/// A compiled regular expression with the syntax of Python's re, for searching names. [any]
class Pattern {
 public:
  /// Refuses an invalid expression with its text and the reason; `where` names the option.
  Pattern(const std::string& regex, const std::string& where);
  /// Is it found anywhere in the name?
  bool found_in(std::string_view name) const;

 private:
  struct Free {
    void operator()(re_pattern_buffer* regex) const;
  };
  std::string text_;
  std::unique_ptr<re_pattern_buffer, Free> regex_;
};

}  // namespace ar::model
