#include "core/engine/siblings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <string_view>

namespace ar::engine {
namespace {

constexpr std::array<std::array<std::string_view, 3>, 3> kFused{
    {{"q_proj", "k_proj", "v_proj"}, {"gate_proj", "up_proj", ""}, {"w1", "w3", ""}}};

bool switched_off() {
  const char* value = std::getenv("AR_NVFP4_FUSED_LAYER_GLOBAL_SCALE");
  if (value == nullptr) return false;
  std::string text = value;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text == "0" || text == "false" || text == "no" || text == "off";
}

}  // namespace

std::vector<std::vector<std::size_t>> sibling_groups(const std::vector<std::string>& names) {
  std::map<std::string, std::map<std::string, std::size_t>> modules;  // parent -> child -> index
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto dot = names[i].rfind('.');
    const std::string parent = dot == std::string::npos ? "" : names[i].substr(0, dot);
    modules[parent][dot == std::string::npos ? names[i] : names[i].substr(dot + 1)] = i;
  }
  std::vector<std::vector<std::size_t>> groups;
  for (const auto& [parent, children] : modules) {
    for (const auto& kinds : kFused) {
      std::vector<std::size_t> group;
      bool complete = true;
      for (const std::string_view kind : kinds) {
        if (kind.empty()) continue;
        const auto child = children.find(std::string(kind));
        complete = complete && child != children.end();
        if (child != children.end()) group.push_back(child->second);
      }
      if (!complete) continue;
      groups.push_back(std::move(group));
      break;  // the first kind a module has
    }
  }
  return groups;
}

std::vector<std::vector<std::size_t>> fused_siblings(const std::vector<std::string>& names) {
  if (switched_off()) return {};
  return sibling_groups(names);
}

}  // namespace ar::engine
