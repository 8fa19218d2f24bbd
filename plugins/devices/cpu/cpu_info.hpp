#pragma once

#include <cstdint>
#include <string>

namespace ar::cpu {

struct Memory {
  uint64_t total_bytes = 0;  // 0 = unknown
  uint64_t free_bytes = 0;   // without swapping
};

/// What the processor calls itself, else the name of its architecture.
std::string name();
/// Physical memory, or the limit of this process's control group where that is lower.
Memory memory();
/// Vector extensions that matter to the kernels: "AVX2 AVX512F AVX512_BF16"; "" when none is known.
std::string instruction_sets();

}  // namespace ar::cpu
