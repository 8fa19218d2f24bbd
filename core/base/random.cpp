#include "core/base/random.hpp"

namespace ar::base {
namespace {

std::vector<std::uint32_t> seed_words(std::uint64_t seed) {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(seed)};
  if (seed >> 32) words.push_back(static_cast<std::uint32_t>(seed >> 32));
  return words;
}

unsigned bit_length(std::uint32_t n) {
  unsigned bits = 0;
  for (; n; n >>= 1) ++bits;
  return bits;
}

__extension__ using uint128 = unsigned __int128;

/// numpy.random.SeedSequence with a pool of four words and no spawn key.
class SeedSequence {
 public:
  explicit SeedSequence(std::uint64_t seed) {
    const auto words = seed_words(seed);
    for (std::size_t i = 0; i < kPool; ++i) pool_[i] = hash(i < words.size() ? words[i] : 0);
    for (std::size_t from = 0; from < kPool; ++from) {
      for (std::size_t to = 0; to < kPool; ++to) {
        if (from != to) pool_[to] = mix(pool_[to], hash(pool_[from]));
      }
    }
  }

  std::array<std::uint64_t, 4> generate() const {
    std::uint32_t words[8];
    std::uint32_t factor = 0x8b51f9dd;
    for (std::size_t k = 0; k < 8; ++k) {
      std::uint32_t v = pool_[k % kPool] ^ factor;
      factor *= 0x58f38ded;
      v *= factor;
      words[k] = v ^ (v >> 16);
    }
    std::array<std::uint64_t, 4> out{};
    for (std::size_t k = 0; k < 4; ++k) out[k] = words[2 * k] | std::uint64_t{words[2 * k + 1]} << 32;
    return out;
  }

 private:
  static constexpr std::size_t kPool = 4;

  std::uint32_t hash(std::uint32_t v) {
    v ^= factor_;
    factor_ *= 0x931e8875;
    v *= factor_;
    return v ^ (v >> 16);
  }
  static std::uint32_t mix(std::uint32_t x, std::uint32_t y) {
    const std::uint32_t r = 0xca01f9ddU * x - 0x4973f715U * y;
    return r ^ (r >> 16);
  }

  std::uint32_t factor_ = 0x43b0d7e5;
  std::array<std::uint32_t, kPool> pool_{};
};

/// PCG XSL RR 128/64 as NumPy seeds and reads it.
class Pcg64 {
 public:
  explicit Pcg64(std::uint64_t seed) {
    const auto s = SeedSequence(seed).generate();
    increment_ = (join(s[2], s[3]) << 1) | 1;
    step();
    state_ += join(s[0], s[1]);
    step();
  }

  std::uint32_t next32() {
    if (has_high_) {
      has_high_ = false;
      return high_;
    }
    const std::uint64_t both = next64();
    has_high_ = true;
    high_ = static_cast<std::uint32_t>(both >> 32);
    return static_cast<std::uint32_t>(both);
  }

 private:
  static uint128 join(std::uint64_t high, std::uint64_t low) { return uint128{high} << 64 | low; }

  void step() { state_ = state_ * join(0x2360ed051fc65da4, 0x4385df649fccf645) + increment_; }

  std::uint64_t next64() {
    step();
    const auto folded = static_cast<std::uint64_t>(state_ >> 64) ^ static_cast<std::uint64_t>(state_);
    const auto turn = static_cast<unsigned>(state_ >> 122);
    return folded >> turn | folded << (-turn & 63U);
  }

  uint128 state_ = 0;
  uint128 increment_ = 0;
  std::uint32_t high_ = 0;
  bool has_high_ = false;
};

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  state_[0] = 19650218U;
  for (std::size_t i = 1; i < kWords; ++i) {
    state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + static_cast<std::uint32_t>(i);
  }
  const auto key = seed_words(seed);
  std::size_t i = 1;
  const auto advance = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (std::size_t k = 0; k < kWords; ++k) {
    const auto j = k % key.size();
    const std::uint32_t before = state_[i - 1] ^ (state_[i - 1] >> 30);
    state_[i] = (state_[i] ^ (before * 1664525U)) + key[j] + static_cast<std::uint32_t>(j);
    advance();
  }
  for (std::size_t k = 1; k < kWords; ++k) {
    const std::uint32_t before = state_[i - 1] ^ (state_[i - 1] >> 30);
    state_[i] = (state_[i] ^ (before * 1566083941U)) - static_cast<std::uint32_t>(i);
    advance();
  }
  state_[0] = 0x80000000U;
}

void PythonRandom::refill() {
  constexpr std::size_t kShift = 397;
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7fffffffU);
    state_[i] = state_[(i + kShift) % kWords] ^ (y >> 1) ^ (y & 1U ? 0x9908b0dfU : 0U);
  }
  used_ = 0;
}

std::uint32_t PythonRandom::next() {
  if (used_ == kWords) refill();
  std::uint32_t y = state_[used_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  return y ^ (y >> 18);
}

std::uint32_t PythonRandom::getrandbits(unsigned bits) { return next() >> (32 - bits); }

std::uint32_t PythonRandom::below(std::uint32_t n) {
  const unsigned bits = bit_length(n);
  std::uint32_t r = getrandbits(bits);
  while (r >= n) r = getrandbits(bits);
  return r;
}

std::vector<std::int64_t> numpy_permutation(std::uint64_t seed, std::int64_t n) {
  std::vector<std::int64_t> order(n > 0 ? static_cast<std::size_t>(n) : 0);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  Pcg64 random(seed);
  for (std::size_t i = order.size(); i-- > 1;) {
    const auto top = static_cast<std::uint32_t>(i);
    const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << bit_length(top)) - 1);
    std::uint32_t j = random.next32() & mask;
    while (j > top) j = random.next32() & mask;
    std::swap(order[i], order[j]);
  }
  return order;
}

}  // namespace ar::base
