#pragma once

#include <cstdint>
#include <string>

namespace ar::engine {

/// "3.41GB": GiB, at most two decimals, no padding (cli.md 11.3).
std::string gibibytes(uint64_t n_bytes);

/// "'peak_ram': 3.41GB" of this process.
std::string memory_summary();

/// Keeps freed blocks in the process instead of giving them back at once: a tuning step frees and asks for the same
/// sizes again, and fresh pages cost more than the arithmetic on them. [main], once.
void tune_allocator();

}  // namespace ar::engine
