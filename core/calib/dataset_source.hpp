#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ar::calib {

/// The texts of a local .json or .jsonl file, trailing blanks removed, in upstream's order for `seed`.
/// A name that is no such file is base::Error(kUsage) and says what is known; damaged data is kFailed.
std::vector<std::string> read_source(const std::string& name, std::uint64_t seed);

}  // namespace ar::calib
