#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/quant/scheme.hpp"

namespace ar::quant::test {

/// Parts of KIND-TYPE-BITS-GROUP[-GROUP_ROWS] (make_float_vectors.py); group -1 makes an empty part before it.
inline std::vector<std::string> parts_of_case(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream text(name);
  for (std::string part; std::getline(text, part, '-');) parts.push_back(part);
  return parts;
}

inline Scheme scheme_of_case(const std::string& name) {
  const std::vector<std::string> parts = parts_of_case(name);
  Scheme scheme;
  scheme.data_type = parts[1];
  scheme.bits = std::stoi(parts[2]);
  scheme.group_size = parts[3].empty() ? -1 : std::stoi(parts[3]);
  if (!parts[3].empty() && parts.size() > 4) scheme.group_size_rows = std::stoi(parts[4]);
  return scheme;
}

inline std::string name_of_case(std::string name) {
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

}  // namespace ar::quant::test
