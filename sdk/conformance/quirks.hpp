#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ar::conformance {

/// What a plugin may legitimately do otherwise. Absent optional functions need no quirk: their rules are skipped.
struct Quirks {
  bool renames_tensors = false;   // formats: `add` stores under another name or type, or nothing
  bool stores_no_layers = false;  // formats: pack keeps nothing, so it misses nothing
  bool lossy = false;             // formats: unpack does not give the codes back exactly
  bool copies_tower = false;      // models: the checkpoint holds parts that are copied and never run
  int64_t out_features = 64;      // formats: the sample layer, for those that need larger multiples
  int64_t in_features = 256;
};

/// Names for the command line: "renames_tensors", "stores_no_layers", "lossy", "copies_tower". False when there is no such quirk.
inline bool set_quirk(Quirks& quirks, const std::string& name) {
  if (name == "renames_tensors")
    quirks.renames_tensors = true;
  else if (name == "stores_no_layers")
    quirks.stores_no_layers = true;
  else if (name == "lossy")
    quirks.lossy = true;
  else if (name == "copies_tower")
    quirks.copies_tower = true;
  else
    return false;
  return true;
}

}  // namespace ar::conformance
