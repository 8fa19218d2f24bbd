#include "core/engine/memory.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <fmt/format.h>

namespace ar::engine {

std::string gibibytes(uint64_t n_bytes) {
  const double hundredths = static_cast<double>(n_bytes) / static_cast<double>(1ULL << 30U) * 100.0;
  return fmt::format("{}GB", static_cast<double>(static_cast<int64_t>(hundredths + 0.5)) / 100.0);
}

std::string memory_summary() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return "'peak_ram': " + gibibytes(static_cast<uint64_t>(usage.ru_maxrss) * 1024);
}

void tune_allocator() {
#if defined(__GLIBC__)
  constexpr int kKeep = 64 << 20;  // larger blocks are mapped and unmapped: rare, and then the memory is worth having back
  ::mallopt(M_MMAP_THRESHOLD, kKeep);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kKeep);
#endif
}

}  // namespace ar::engine
