#include <algorithm>
#include <map>
#include <set>

#include "core/model/layer_config.hpp"

namespace ar::model {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A name around its last all-digit component: "model.layers.", 3, ".mlp".
struct NumberedName {
  std::string before;
  std::string number;
  std::string after;
};

std::optional<NumberedName> split_last_number(const std::string& name) {
  size_t end = name.size();
  while (true) {
    const size_t dot = end == 0 ? std::string::npos : name.rfind('.', end - 1);
    const size_t begin = dot == std::string::npos ? 0 : dot + 1;
    const std::string part = name.substr(begin, end - begin);
    if (is_number(part)) return NumberedName{name.substr(0, begin), part, name.substr(end)};
    if (dot == std::string::npos) return std::nullopt;
    end = dot;
  }
}

struct ByValue {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using Numbers = std::set<std::string, ByValue>;

bool is_next(const std::string& a, const std::string& b) {
  constexpr size_t kDigitsMax = 18;  // fits int64
  return b.size() <= kDigitsMax && std::stoll(a) + 1 == std::stoll(b);
}

/// "0-2,5"
std::string fold(const Numbers& numbers) {
  std::string out;
  for (auto it = numbers.begin(); it != numbers.end();) {
    auto last = it;
    for (auto next = std::next(last); next != numbers.end() && is_next(*last, *next); ++next) last = next;
    if (!out.empty()) out += ',';
    out += *it;
    if (last != it) out += '-' + *last;
    it = std::next(last);
  }
  return out;
}

/// One pass; returns whether anything was folded.
bool fold_names(std::set<std::string>& names) {
  std::map<std::pair<std::string, std::string>, Numbers> groups;
  for (const std::string& name : names) {
    if (const auto n = split_last_number(name)) groups[{n->before, n->after}].insert(n->number);
  }
  bool folded = false;
  for (const auto& [around, numbers] : groups) {
    if (numbers.size() < 2) continue;
    for (const std::string& number : numbers) names.erase(around.first + number + around.second);
    names.insert(around.first + '[' + fold(numbers) + ']' + around.second);
    folded = true;
  }
  return folded;
}

bool has_regex_sign(std::string_view text) {
  return text.find(".*") != std::string_view::npos || text.find_first_of("^$|()[]?+") != std::string_view::npos;
}

/// As Python's re.escape.
std::string escape(std::string_view text) {
  constexpr std::string_view kSpecial = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool starts_with(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }
bool ends_with(std::string_view text, std::string_view part) {
  return text.size() >= part.size() && text.substr(text.size() - part.size()) == part;
}

}  // namespace

std::string layer_regex(std::string_view pattern) {
  if (!has_regex_sign(pattern)) return ".*" + escape(pattern) + ".*";
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool bare_dot = pattern[i] == '.' && (i + 1 == pattern.size() || pattern[i + 1] != '*');
    if (bare_dot) out += '\\';
    out += pattern[i];
  }
  if (!starts_with(out, "^") && !starts_with(out, ".*")) out.insert(0, ".*");
  if (!ends_with(out, "$") && !ends_with(out, ".*")) out += ".*";
  return out;
}

std::string compress_names(const std::vector<std::string>& names) {
  std::set<std::string> rest(names.begin(), names.end());
  while (fold_names(rest)) {
  }
  std::string out;
  for (const std::string& name : rest) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace ar::model
