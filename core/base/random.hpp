#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ar::base {

/// Python's `random.Random(seed)`: MT19937 seeded by init_by_array. Not thread-safe.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);

  std::uint32_t next();
  std::uint32_t getrandbits(unsigned bits);  // 1 <= bits <= 32
  std::uint32_t below(std::uint32_t n);      // uniform in [0, n); n > 0

  /// `random.shuffle`
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i-- > 1;) {
      std::swap(items[i], items[below(static_cast<std::uint32_t>(i + 1))]);
    }
  }

 private:
  static constexpr std::size_t kWords = 624;
  void refill();

  std::array<std::uint32_t, kWords> state_{};
  std::size_t used_ = kWords;
};

/// NumPy's `default_rng(seed).permutation(n)`: SeedSequence, PCG64, masked rejection. n < 2^32.
std::vector<std::int64_t> numpy_permutation(std::uint64_t seed, std::int64_t n);

}  // namespace ar::base
