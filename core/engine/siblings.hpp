#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ar::engine {

/// Linear layers of one module that loaders fuse into one matrix: q, k, v; else gate and up; else w1 and w3
/// (data_types.md 6.1). Groups of indices into `names`, in order; layers without siblings are in none.
std::vector<std::vector<std::size_t>> sibling_groups(const std::vector<std::string>& names);

/// Those whose scales are made alike: none when AR_NVFP4_FUSED_LAYER_GLOBAL_SCALE is 0, false, no or off.
std::vector<std::vector<std::size_t>> fused_siblings(const std::vector<std::string>& names);

}  // namespace ar::engine
