#include "host/arg_parser.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/ranges.h>

namespace ar::host {
namespace {

std::string normalized(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

/// argparse: '^-\d+$|^-\d*\.\d+$'
bool is_negative_number(std::string_view token) {
  if (token.size() < 2 || token[0] != '-') return false;
  const auto body = token.substr(1);
  const auto dot = body.find('.');
  const auto all_digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  if (dot == std::string_view::npos) return all_digits(body);
  return all_digits(body.substr(0, dot)) && dot + 1 < body.size() && all_digits(body.substr(dot + 1));
}

bool looks_like_option(std::string_view token) {
  return token.size() > 1 && token[0] == '-' && !is_negative_number(token) &&
         (token.find(' ') == std::string_view::npos || token.find('=') < token.find(' '));
}

std::vector<std::string> choices_of(const OptionSpec& spec) {
  std::string_view text = spec.value;
  if (text.size() < 2 || text.front() != '{') return {};
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> choices;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    choices.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return choices;
}

std::optional<std::int64_t> to_integer(const std::string& text) {
  const char* begin = text.c_str() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* end = text.c_str() + text.size();
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> to_real(const std::string& text) {
  double value = 0;
  const char* end = text.c_str() + text.size();
  const auto [stop, error] = std::from_chars(text.c_str(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

void check_value(const OptionSpec& spec, const std::string& value) {
  if (spec.type == ValueType::kInt && !to_integer(value))
    usage_error("argument {}: invalid int value: '{}'", display_name(spec), value);
  if (spec.type == ValueType::kFloat && !to_real(value))
    usage_error("argument {}: invalid float value: '{}'", display_name(spec), value);
  const auto choices = choices_of(spec);
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  usage_error("argument {}: invalid choice: '{}' (choose from '{}')", display_name(spec), value,
              fmt::join(choices, "', '"));
}

}  // namespace

std::vector<std::string> split_names(const OptionSpec& spec) {
  std::vector<std::string> names(1);
  for (const char* c = spec.names; *c != '\0'; ++c) {
    if (*c == ' ')
      names.emplace_back();
    else
      names.back() += *c;
  }
  return names;
}

std::string display_name(const OptionSpec& spec) { return fmt::format("--{}", fmt::join(split_names(spec), "/--")); }

/// Walks the tokens once, filling an Arguments.
class ArgumentScanner {
 public:
  ArgumentScanner(const std::vector<OptionSpec>& specs, const std::vector<std::string>& tokens,
                  std::size_t max_positionals)
      : tokens_(tokens), max_positionals_(max_positionals) {
    for (const auto& spec : specs) {
      for (const auto& name : split_names(spec)) {
        by_name_[normalized(name)] = {&spec, false};
        if (spec.arity == Arity::kToggle) by_name_["no_" + normalized(name)] = {&spec, true};
      }
    }
    by_name_["help"] = {nullptr, false};
  }

  Arguments scan() {
    while (next_ < tokens_.size() && !out_.help_) {
      const std::string& token = tokens_[next_++];
      if (token == "-h") {
        out_.help_ = true;
      } else if (token == "--" && !only_positionals_) {
        only_positionals_ = true;
      } else if (!only_positionals_ && looks_like_option(token)) {
        take_option(token);
      } else {
        take_positional(token);
      }
    }
    if (!unknown_.empty() && !out_.help_) usage_error("unrecognized arguments: {}", fmt::join(unknown_, " "));
    return std::move(out_);
  }

 private:
  using Target = std::pair<const OptionSpec*, bool>;

  void take_positional(const std::string& token) {
    if (out_.positionals_.size() < max_positionals_)
      out_.positionals_.push_back(token);
    else
      unknown_.push_back(token);
  }

  void take_option(const std::string& token) {
    const auto equals = token.find('=');
    const auto target = token.compare(0, 2, "--") == 0 ? lookup(token.substr(2, equals - 2)) : std::nullopt;
    if (!target) {
      unknown_.push_back(token);
      return;
    }
    const auto [spec, negated] = *target;
    if (spec == nullptr) {
      out_.help_ = true;
      return;
    }
    std::optional<std::string> inline_value;
    if (equals != std::string::npos) inline_value = token.substr(equals + 1);
    auto values = take_values(*spec, inline_value);
    for (const auto& value : values) check_value(*spec, value);
    auto& given = out_.given_[split_names(*spec).front()];
    given.all.insert(given.all.end(), values.begin(), values.end());
    given.values = std::move(values);
    given.negated = negated;
  }

  std::vector<std::string> take_values(const OptionSpec& spec, const std::optional<std::string>& inline_value) {
    const bool takes_none = spec.arity == Arity::kFlag || spec.arity == Arity::kToggle;
    if (takes_none && inline_value)
      usage_error("argument {}: ignored explicit argument '{}'", display_name(spec), *inline_value);
    if (takes_none) return {};
    if (inline_value) return {*inline_value};
    std::vector<std::string> values;
    const std::size_t limit = spec.arity == Arity::kOneOrMore ? tokens_.size() : 1;
    while (values.size() < limit && next_ < tokens_.size() && !looks_like_option(tokens_[next_]))
      values.push_back(tokens_[next_++]);
    if (values.empty() && spec.arity == Arity::kOne)
      usage_error("argument {}: expected one argument", display_name(spec));
    if (values.empty() && spec.arity == Arity::kOneOrMore)
      usage_error("argument {}: expected at least one argument", display_name(spec));
    return values;
  }

  /// Exact name, else the only option a prefix fits; empty when there is none.
  std::optional<Target> lookup(const std::string& written) const {
    const auto name = normalized(written);
    if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
    std::vector<Target> targets;
    std::vector<std::string> candidates;
    for (auto it = by_name_.lower_bound(name); it != by_name_.end() && it->first.compare(0, name.size(), name) == 0;
         ++it) {
      candidates.push_back("--" + it->first);
      if (std::find(targets.begin(), targets.end(), it->second) == targets.end()) targets.push_back(it->second);
    }
    if (targets.size() > 1) usage_error("ambiguous option: --{} could match {}", written, fmt::join(candidates, ", "));
    if (targets.empty()) return std::nullopt;
    return targets.front();
  }

  const std::vector<std::string>& tokens_;
  std::size_t max_positionals_;
  std::size_t next_ = 0;
  bool only_positionals_ = false;
  std::map<std::string, Target> by_name_;
  std::vector<std::string> unknown_;
  Arguments out_;
};

Arguments Arguments::parse(const std::vector<OptionSpec>& specs, const std::vector<std::string>& tokens,
                           std::size_t max_positionals) {
  return ArgumentScanner(specs, tokens, max_positionals).scan();
}

const Arguments::Given* Arguments::find(std::string_view name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? nullptr : &found->second;
}

bool Arguments::flag(std::string_view name) const { return toggle(name).value_or(false); }

std::optional<bool> Arguments::toggle(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  return !given->negated;
}

std::optional<std::string> Arguments::text(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr || given->values.empty()) return std::nullopt;
  return given->values.front();
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) const {
  const auto value = text(name);
  return value ? to_integer(*value) : std::nullopt;
}

std::optional<double> Arguments::real(std::string_view name) const {
  const auto value = text(name);
  return value ? to_real(*value) : std::nullopt;
}

const std::vector<std::string>& Arguments::values(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const Given* given = find(name);
  return given == nullptr ? kNone : given->values;
}

const std::vector<std::string>& Arguments::all_values(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const Given* given = find(name);
  return given == nullptr ? kNone : given->all;
}

}  // namespace ar::host
