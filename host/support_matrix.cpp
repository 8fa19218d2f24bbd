#include "host/support_matrix.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace ar::host {
namespace {

/// "a,b" to {a, b}
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

/// What the plugin's capabilities say about one of its names: "NAME=A,B" where it has such an item, else the plain
/// ones.
std::vector<std::string> own_schemes(const plugin::Row& row, const std::string& name) {
  std::vector<std::string> plain;
  for (const std::string& item : row.capabilities) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos)
      plain.push_back(item);
    else if (item.substr(0, equals) == name)
      return split(item.substr(equals + 1));
  }
  return plain;
}

}  // namespace

std::vector<FormatEntry> format_entries(const std::vector<plugin::Row>& rows) {
  std::vector<FormatEntry> entries;
  for (const plugin::Row& row : rows) {
    if (row.state == plugin::State::kShadowed) continue;
    entries.push_back({row.id, own_schemes(row, row.id), row.state == plugin::State::kBroken ? row.reason : ""});
    for (const std::string& alias : row.aliases) entries.push_back({alias, own_schemes(row, alias), ""});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto plain = entries;
  for (FormatEntry& entry : entries) {
    const std::size_t colon = entry.name.find(':');
    if (colon == std::string::npos) continue;
    const auto it = std::find_if(plain.begin(), plain.end(),
                                 [&](const auto& other) { return other.name == entry.name.substr(colon + 1); });
    if (it != plain.end() && it->reason.empty()) entry.schemes = it->schemes;
  }
  return entries;
}

std::string support_matrix(const std::vector<FormatEntry>& entries, bool colour) {
  std::string text = "AutoRound supported output formats and quantization scheme:\n";
  for (const FormatEntry& entry : entries) {
    const bool all = entry.schemes == std::vector<std::string>{"*"};
    const std::string schemes = all ? "All schemes" : fmt::format("{}", fmt::join(entry.schemes, ", "));
    const std::string name = colour ? "\x1b[31;1m" + entry.name + "\x1b[0m" : entry.name;
    text += entry.reason.empty() ? fmt::format("{} support scheme:\n\t{}\n", name, schemes)
                                 : fmt::format("{} cannot be used:\n\t{}\n", name, entry.reason);
  }
  return text + "\n";
}

}  // namespace ar::host
