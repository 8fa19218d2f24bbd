#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ar::conformance {

/// What a plugin may legitimately do otherwise. Absent optional functions need no quirk: their rules are skipped.
struct Quirks {
  bool renames_tensors = false;  // formats: `add` stores under another name or type
  bool lossy = false;            // formats: unpack does not give the codes back exactly
  int64_t out_features = 64;     // formats: the sample layer, for those that need larger multiples
  int64_t in_features = 256;
};

/// Names for the command line: "renames_tensors", "lossy". False when there is no such quirk.
inline bool set_quirk(Quirks& quirks, const std::string& name) {
  if (name == "renames_tensors") quirks.renames_tensors = true;
  else if (name == "lossy") quirks.lossy = true;
  else return false;
  return true;
}

}  // namespace ar::conformance
