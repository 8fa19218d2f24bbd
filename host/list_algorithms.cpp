#include "host/list_algorithms.hpp"

#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "host/option_table.hpp"

namespace ar::host {
namespace {

struct Algorithm {
  const char* name;
  const char* aliases;
  const char* summary;
  Group group;
};

constexpr std::array<Algorithm, 2> kAlgorithms = {{
    {"rtn", "", "round to nearest; without --disable_opt_rtn the scales are searched", Group::kRtn},
    {"auto_round", "autoround, sign_round, signround", "rounding and ranges tuned by signed gradient descent",
     Group::kTuning},
}};

std::string line(const Algorithm& algorithm) {
  const std::string aliases = *algorithm.aliases == '\0' ? "" : fmt::format(" (aliases: {})", algorithm.aliases);
  return fmt::format("- {}{}: {}\n", algorithm.name, aliases, algorithm.summary);
}

bool called(const Algorithm& algorithm, const std::string& name) {
  return name == algorithm.name || fmt::format(" {},", algorithm.aliases).find(" " + name + ",") != std::string::npos;
}

std::string details(const Algorithm& algorithm) {
  std::string text = line(algorithm);
  for (const auto& option : quantize_options()) {
    if (option.group == algorithm.group && option.status == Status::kUsed) text += "  " + display_name(option) + "\n";
  }
  return text;
}

}  // namespace

bool names_algorithms(const std::string& item) {
  return item == "alg" || item == "algs" || item == "algorithm" || item == "algorithms";
}

int list_algorithms(const std::vector<std::string>& names) {
  if (names.size() > 1) base::refuse("list alg: one algorithm at a time, not {}", names.size());
  std::string text;
  for (const auto& algorithm : kAlgorithms) {
    if (names.empty())
      text += line(algorithm);
    else if (called(algorithm, names.front()))
      text = details(algorithm);
  }
  if (text.empty()) base::refuse("list alg {}: not in this version; there are rtn and auto_round", names.front());
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace ar::host
