#include "core/quant/gguf_block_search.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_block_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_block-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

/// One block in float32, with its weights.
struct SearchBlock {
  alignas(64) float x[kBlock];
  alignas(64) float own_weights[kBlock];  // those that depend on the elements
  const float* weights;                   // null: all equal
};

/// What codings are tried with: kVectors vectors of them side by side, with weights or without, clamped or not.
template <typename Tag, int kVectors_, bool kWeighted_, bool kClamped_>
struct Codings {
  using D = Tag;
  using V = hn::Vec<D>;
  static constexpr int kVectors = kVectors_;
  static constexpr bool kWeighted = kWeighted_, kClamped = kClamped_;
  float half;
  HWY_INLINE V code(V scaled) const {
    const V magic = hn::Set(D(), 0x1.8p23f);  // rounds to nearest: the unit in the last place of the sum is 1
    if constexpr (kClamped) scaled = hn::Min(hn::Max(scaled, hn::Set(D(), -half)), hn::Set(D(), half - 1));
    return hn::Sub(hn::Add(scaled, magic), magic);
  }
};

/// The best scale of a coding is products / squares.
template <typename V>
struct CodingSums {
  V products, squares;
};

/// A lane is a coding: elements come one after the other, so the sums need no shuffles. Two sums, of even and of odd
/// elements, hide the latency of additions.
template <typename C, typename V>
HWY_INLINE void sum_codings(const C& codings, const SearchBlock& block, const V* inverse, CodingSums<V>* sums) {
  const typename C::D d;
  CodingSums<V> parity[2][C::kVectors];
  for (auto& half : parity)
    for (auto& sum : half) sum = {hn::Zero(d), hn::Zero(d)};
  for (int64_t k = 0; k < kBlock; k += 2)
    for (int odd = 0; odd < 2; ++odd) {
      const V x = hn::Set(d, block.x[k + odd]);
      for (int i = 0; i < C::kVectors; ++i) {
        CodingSums<V>& sum = parity[odd][i];
        const V code = codings.code(hn::Mul(x, inverse[i]));
        const V weighted = C::kWeighted ? hn::Mul(hn::Set(d, block.weights[k + odd]), code) : code;
        sum.products = hn::Add(sum.products, hn::Mul(weighted, x));
        sum.squares = hn::Add(sum.squares, hn::Mul(weighted, code));
      }
    }
  for (int i = 0; i < C::kVectors; ++i)
    sums[i] = {hn::Add(parity[0][i].products, parity[1][i].products),
               hn::Add(parity[0][i].squares, parity[1][i].squares)};
}

/// Scale of the coding that takes most of the block's energy, the first among equals; NaN when none takes any.
template <typename C>
HWY_INLINE float best_scale(const C& codings, const SearchBlock& block, const std::vector<float>& divisors,
                            float extreme) {
  using V = typename C::V;
  const typename C::D d;
  const size_t lanes = hn::Lanes(d);
  alignas(64) float energies[kMostDivisors], scales[kMostDivisors];
  const V zero = hn::Zero(d), inverse_extreme = hn::Set(d, -1.0f / extreme);
  V most = zero;
  for (size_t c = 0; c < divisors.size(); c += C::kVectors * lanes) {
    V inverse[C::kVectors];
    CodingSums<V> sums[C::kVectors];
    for (size_t i = 0; i < C::kVectors; ++i)
      inverse[i] = hn::Mul(hn::LoadU(d, divisors.data() + c + i * lanes), inverse_extreme);
    sum_codings(codings, block, inverse, sums);
    for (size_t i = 0; i < C::kVectors; ++i) {
      const V scale = hn::Div(sums[i].products, sums[i].squares);
      const V energy = hn::IfThenElseZero(hn::Gt(sums[i].squares, zero), hn::Mul(scale, sums[i].products));
      most = hn::Max(most, energy);
      hn::StoreU(energy, d, energies + c + i * lanes);
      hn::StoreU(scale, d, scales + c + i * lanes);
    }
  }
  const float found = hn::GetLane(hn::MaxOfLanes(d, most));
  if (!(found > 0.0f)) return std::numeric_limits<float>::quiet_NaN();
  uint32_t winners = 0;
  for (size_t c = 0; c < divisors.size(); c += lanes) {
    alignas(8) uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(hn::LoadU(d, energies + c), hn::Set(d, found)), bits);
    winners |= static_cast<uint32_t>(bits[0] | bits[1] << 8) << c;
  }
  return scales[hwy::Num0BitsBelowLS1Bit_Nonzero32(winners)];
}

using F32x8 = hn::CappedTag<float, 8>;

template <typename W>
struct BlockSearch {
  const IntGrid& grid;
  const Importance& importance;
  std::vector<float> divisors;

  HWY_INLINE void load_block(const W* w, int64_t group, SearchBlock& block) const {
    for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) store(load(w + k), block.x + k);
    if (importance.uniform()) return;
    block.weights = importance.fixed(group);
    if (block.weights == nullptr) {
      importance.fill(block.x, group, kBlock, false, block.own_weights);
      block.weights = block.own_weights;
    }
  }

  template <bool kWeighted>
  HWY_INLINE float search(const SearchBlock& block, float extreme) const {
    if (grid.bits == 8) return best_scale(Codings<F32x8, 1, kWeighted, false>{grid.half()}, block, divisors, extreme);
    return best_scale(Codings<F32, 2, kWeighted, true>{grid.half()}, block, divisors, extreme);
  }

  HWY_INLINE void encode(const SearchBlock& block, float inverse, uint8_t* codes) const {
    const VF low = set(-grid.half()), high = set(grid.half() - 1);
    const VF shift = set(0x1.8p23f + grid.half());  // rounds to nearest; the low byte of the sum is the code
    for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) {
      const VF clamped = hn::Min(hn::Max(hn::Mul(load(block.x + k), set(inverse)), low), high);
      hn::StoreU(hn::TruncateTo(U8(), hn::BitCast(U32(), hn::Add(clamped, shift))), U8(), codes + k);
    }
  }

  void run(const W* weight, RowRange rows, const IntPlanes& planes) const {
    const int64_t per_row = grid.groups();
    SearchBlock block;
    for (int64_t g = rows.begin * per_row; g < rows.end * per_row; ++g) {
      load_block(weight + g * kBlock, g % per_row, block);
      const float extreme = extreme_of(block.x, extremes_of(block.x));
      float scale = 0.0f;
      if (std::fabs(extreme) >= kNoExtreme)
        scale = importance.uniform() ? search<false>(block, extreme) : search<true>(block, extreme);
      const BlockScale found = block_scale(grid, scale, extreme);
      planes.scale[g] = found.scale;
      if (planes.codes != nullptr) encode(block, found.inverse, planes.codes + g * kBlock);
    }
  }
};

void RoundSearchedBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const Importance& importance,
                         const IntPlanes& planes) {
  with_type(weight.type, [&](auto w) {
    using W = decltype(w);
    BlockSearch<W>{grid, importance, block_divisors(grid.bits)}.run(static_cast<const W*>(weight.data), rows, planes);
  });
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(RoundSearchedBlocks);

/// The scale of the best coding of a block.
float best_scale(const IntGrid& grid, const std::vector<float>& x, const std::vector<float>& weights, float extreme) {
  float most = 0.0f, scale = std::numeric_limits<float>::quiet_NaN();
  for (const float divisor : block_divisors(grid.bits)) {
    const float inverse = divisor * (-1.0f / extreme);
    float products[2] = {}, squares[2] = {};  // of even and odd elements
    for (size_t k = 0; k < x.size(); ++k) {
      const float code = std::clamp(std::nearbyint(x[k] * inverse), -grid.half(), grid.half() - 1);
      products[k % 2] += weights[k] * code * x[k];
      squares[k % 2] += weights[k] * code * code;
    }
    const float product = products[0] + products[1], square = squares[0] + squares[1];
    const float fitted = product / square;
    if (!(square > 0.0f) || !(fitted * product > most)) continue;
    most = fitted * product;
    scale = fitted;
  }
  return scale;
}
}  // namespace

std::vector<float> block_divisors(int bits) {
  const float half = static_cast<float>(1 << (bits - 1));
  const int64_t n = bits == 8 ? 8 : kMostDivisors;
  const float low = bits == 8 ? 120.0f : 0.8f * half, high = bits == 8 ? 127.4f : 1.75f * half;
  std::vector<float> divisors(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    divisors[static_cast<size_t>(i)] = low + (high - low) * static_cast<float>(i) / static_cast<float>(n - 1);
  return divisors;
}

void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(RoundSearchedBlocks)(grid, weight, rows, importance, planes);
}

namespace reference {

void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes) {
  std::vector<float> x(static_cast<size_t>(grid.group)), weights(x.size(), 1.0f);
  for (int64_t g = rows.begin * grid.groups(); g < rows.end * grid.groups(); ++g) {
    for (size_t k = 0; k < x.size(); ++k) x[k] = tensor::real_at(weight, g * grid.group + static_cast<int64_t>(k));
    if (!importance.uniform()) importance.fill(x.data(), g % grid.groups(), grid.group, false, weights.data());
    const float extreme =
        *std::max_element(x.begin(), x.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    const BlockScale found =
        block_scale(grid, std::fabs(extreme) < kNoExtreme ? 0.0f : best_scale(grid, x, weights, extreme), extreme);
    planes.scale[g] = found.scale;
    if (planes.codes == nullptr) continue;
    for (size_t k = 0; k < x.size(); ++k) {
      const float code = std::clamp(std::nearbyint(x[k] * found.inverse), -grid.half(), grid.half() - 1);
      planes.codes[g * grid.group + static_cast<int64_t>(k)] = static_cast<uint8_t>(code + grid.half());
    }
  }
}

}  // namespace reference
}  // namespace ar::quant
#endif
