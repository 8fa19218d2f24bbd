#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace ar::host {

/// A wrong command line: the usage is printed before the message. Status 2.
class UsageError : public base::Error {
 public:
  explicit UsageError(const std::string& text) : Error(base::Exit::kUsage, text) {}
};

template <typename... Args>
[[noreturn]] void usage_error(fmt::format_string<Args...> text, Args&&... args) {
  throw UsageError(fmt::format(text, std::forward<Args>(args)...));
}

enum class Arity {
  kFlag,       // no value
  kToggle,     // no value; --no-<name> exists
  kOne,        // one value
  kAtMostOne,  // a value may follow
  kOneOrMore,  // values up to the next option
};
enum class ValueType { kText, kInt, kFloat };

struct OptionSpec {
  const char* names;  // "iters iter": the first is the one used in code and messages
  Arity arity = Arity::kFlag;
  ValueType type = ValueType::kText;
  const char* value = "";  // shown in help; "{a,b}" lists the accepted values
};

/// The option as written on the command line: "--batch_size/--train_bs/--bs".
std::string display_name(const OptionSpec& spec);
std::vector<std::string> split_names(const OptionSpec& spec);

/// A command line taken apart, by the rules of Python's argparse on which upstream's scripts rely: --name value and
/// --name=value, '-' and '_' alike, unambiguous prefixes, an exact name before a prefix, -1 and -0.5 are values,
/// the last repetition wins, "--" ends the options.
class Arguments {
 public:
  /// Throws UsageError. Stops at -h: what follows is not looked at.
  static Arguments parse(const std::vector<OptionSpec>& specs, const std::vector<std::string>& tokens,
                         std::size_t max_positionals);

  bool help() const { return help_; }
  const std::vector<std::string>& positionals() const { return positionals_; }

  bool has(std::string_view name) const { return find(name) != nullptr; }
  bool flag(std::string_view name) const;                   // given, and not as --no-<name>
  std::optional<bool> toggle(std::string_view name) const;  // unset when not given
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<double> real(std::string_view name) const;
  const std::vector<std::string>& values(std::string_view name) const;
  /// Values of all repetitions in order; for options that append.
  const std::vector<std::string>& all_values(std::string_view name) const;

 private:
  struct Given {
    std::vector<std::string> values;
    std::vector<std::string> all;
    bool negated = false;
  };
  friend class ArgumentScanner;
  const Given* find(std::string_view name) const;

  bool help_ = false;
  std::vector<std::string> positionals_;
  std::map<std::string, Given, std::less<>> given_;
};

}  // namespace ar::host
