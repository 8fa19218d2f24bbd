#include "model_name.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <regex>
#include <set>

namespace ar::gguf {
namespace {

enum class Kind { kBasename, kSizeLabel, kFinetune, kVersion, kType };

struct Part {
  std::string text;
  std::set<Kind> kinds;
};

bool matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern, std::regex::icase));
}

bool has_digit(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}
bool all_letters(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); });
}
bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::vector<Part> split(std::string_view name) {
  std::vector<Part> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('-', begin), name.size());
    if (end > begin) parts.push_back({std::string(name.substr(begin, end - begin)), {}});
    begin = end + 1;
  }
  return parts;
}

/// 7b1 -> 7.1B, 1_5b -> 1.5B; a size far from the model's own is a context length.
void label_size(Part& part, int64_t n_parameters) {
  std::string& s = part.text;
  std::replace(s.begin(), s.end(), '_', '.');
  if (digit(s.back())) s = s.substr(0, s.size() - 2) + "." + s.back() + s[s.size() - 2];
  char& unit = s.back();
  if (s.size() > 1 && digit(s[s.size() - 2]) && std::string_view("kmbt").find(unit) != std::string_view::npos)
    unit = static_cast<char>(std::toupper(static_cast<unsigned char>(unit)));
  const size_t power = std::string_view(" KMBT").find(unit);
  char* end = nullptr;
  const std::string digits = s.substr(0, s.size() - 1);
  const double number = std::strtod(digits.c_str(), &end);
  if (n_parameters > 0 && power != std::string_view::npos && !digits.empty() && *end == '\0') {
    const double label = number * std::pow(1000.0, static_cast<double>(power));
    const auto limit = static_cast<double>(7 * n_parameters / 8);
    if (std::fabs(label - static_cast<double>(n_parameters)) > limit) {
      part.kinds.insert(Kind::kFinetune);
      unit = static_cast<char>(std::tolower(static_cast<unsigned char>(unit)));
    }
  }
  if (part.kinds.empty()) part.kinds.insert(Kind::kSizeLabel);
}

void annotate(std::vector<Part>& parts, int64_t n_parameters) {
  for (size_t i = 0; i < parts.size(); ++i) {
    Part& p = parts[i];
    if (matches(p.text, R"((v|iter)?\d+([.]\d+)*)")) {
      p.kinds.insert(Kind::kVersion);
    } else if (matches(p.text, R"(i?q\d(_\w)*|b?fp?(16|32))")) {
      p.kinds.insert(Kind::kType);
    } else if (i > 0 && matches(p.text, R"((([A]|\d+[x])?\d+([._]\d+)?[KMBT][\d]?|small|mini|medium|large|x?xl))")) {
      label_size(p, n_parameters);
    } else if (i > 0 && matches(p.text, "chat|instruct|vision|lora")) {
      p.kinds.insert(Kind::kFinetune);
    }
  }
  const bool numeric = std::any_of(parts.begin(), parts.end(), [](const Part& p) {
    return p.kinds.count(Kind::kSizeLabel) != 0 && has_digit(p.text);
  });
  for (Part& p : parts) {
    if (numeric && all_letters(p.text)) p.kinds.erase(Kind::kSizeLabel);
  }
}

/// Leading words and versions are the base name, versions at its end are not.
void find_basename(std::vector<Part>& parts) {
  bool at_start = true;
  for (Part& p : parts) {
    const bool word = p.kinds.empty() && std::isalpha(static_cast<unsigned char>(p.text[0])) != 0;
    if (at_start && (word || p.kinds.count(Kind::kVersion) != 0)) {
      p.kinds.insert(Kind::kBasename);
    } else {
      at_start = false;
      if (p.kinds.empty()) p.kinds.insert(Kind::kFinetune);
    }
  }
  for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
    if (p->kinds.count(Kind::kBasename) == 0 || p->kinds.size() < 2) break;
    p->kinds.erase(Kind::kBasename);
  }
}

std::string joined(const std::vector<Part>& parts, Kind kind, bool once = false) {
  std::string text;
  std::set<std::string> seen;
  for (const Part& p : parts) {
    if (p.kinds.count(kind) == 0 || (kind == Kind::kVersion && p.kinds.count(Kind::kBasename) != 0)) continue;
    if (once && !seen.insert(p.text).second) continue;
    text += (text.empty() ? "" : "-") + p.text;
  }
  return text;
}

std::string dashed(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c == ' ' || c == '/'; }, '-');
  return result;
}

/// Thousands, millions, billions or trillions, with two digits or more.
std::string rounded(double n) {
  struct Unit {
    double above;
    double scale;
    char letter;
  };
  constexpr Unit kUnits[] = {{1e12, 1e-12, 'T'}, {1e9, 1e-9, 'B'}, {1e6, 1e-6, 'M'}, {-1, 1e-3, 'K'}};
  const Unit* unit = kUnits;
  while (n <= unit->above) ++unit;
  const double scaled = n * unit->scale;
  const auto whole = static_cast<int64_t>(std::nearbyint(scaled));
  const int digits = whole == 0 ? 0 : static_cast<int>(std::to_string(whole).size());
  char text[64];
  std::snprintf(text, sizeof text, "%.*f%c", std::max(2 - digits, 0), scaled, unit->letter);
  return text;
}

}  // namespace

NameParts parse_model_name(std::string_view id, int64_t n_parameters) {
  NameParts result;
  result.full = id;
  if (id.find(' ') != std::string_view::npos) return result;  // a sentence, not an id
  if (const size_t slash = id.find('/'); slash != std::string_view::npos) {
    if (slash > 0 && id[0] != '.') result.organization = id.substr(0, slash);
    result.full = id.substr(slash + 1);
  }
  std::vector<Part> parts = split(result.full);
  annotate(parts, n_parameters);
  find_basename(parts);
  result.basename = joined(parts, Kind::kBasename);
  result.size_label = joined(parts, Kind::kSizeLabel, true);
  result.finetune = joined(parts, Kind::kFinetune);
  result.version = joined(parts, Kind::kVersion);
  if (result.size_label.empty() && result.finetune.empty() && result.version.empty()) result.basename.clear();
  return result;
}

std::string title(std::string_view id) {
  std::string result;
  for (Part& p : split(dashed(id))) {
    const bool lower = std::none_of(p.text.begin(), p.text.end(), [](unsigned char c) { return std::isupper(c); });
    if (lower && !matches(p.text, R"(v\d+(\.\d+)*|\d.*)")) {
      bool start = true;
      for (char& c : p.text) {
        const auto u = static_cast<unsigned char>(c);
        if (start) c = static_cast<char>(std::toupper(u));
        start = std::isalpha(u) == 0;
      }
    }
    result += (result.empty() ? "" : " ") + p.text;
  }
  return result;
}

int64_t n_parameters(const std::vector<TensorEntry>& tensors) {
  int64_t n = 0;
  for (const TensorEntry& t : tensors) n += t.rows() * t.columns();
  return n;
}

std::string size_label(const std::vector<TensorEntry>& tensors) {
  int64_t shared = 0;
  int64_t expert = 0;
  int64_t n_experts = 0;
  int64_t n_stacks = 0;
  for (const TensorEntry& t : tensors) {
    const int64_t n = t.rows() * t.columns();
    if (t.name.find("_exps.") == std::string::npos) {
      shared += n;
      continue;
    }
    expert += n / t.shape.front();
    n_experts += t.shape.front();
    ++n_stacks;
  }
  const std::string size = rounded(static_cast<double>(shared + expert));
  return n_stacks == 0 ? size : std::to_string(n_experts / n_stacks) + "x" + size;
}

std::string file_stem(std::string_view model, const NameParts& parts, std::string_view encoding) {
  std::string stem = dashed(parts.basename.empty() ? model : std::string_view(parts.basename));
  for (const std::string_view part :
       {std::string_view(parts.size_label), std::string_view(parts.finetune), std::string_view(parts.version), encoding}) {
    if (!part.empty()) stem += "-" + dashed(part);
  }
  return stem;
}

}  // namespace ar::gguf
