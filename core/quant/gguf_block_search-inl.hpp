// The codings of blocks of 32 side by side. Compiled once per instruction set (hwy/foreach_target.h), so the guard
// toggles.
#if defined(AR_QUANT_GGUF_BLOCK_SEARCH_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_GGUF_BLOCK_SEARCH_INL_
#undef AR_QUANT_GGUF_BLOCK_SEARCH_INL_
#else
#define AR_QUANT_GGUF_BLOCK_SEARCH_INL_
#endif

#include <algorithm>
#include <cstring>

#include "core/quant/gguf_block-inl.hpp"
#include "core/quant/gguf_block_search.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR  // lanes that pairs of 16 bits fill are not to be had there

/// Blocks take each step kSumLanes at a time: none waits for the end of another, and what is computed once a block is
/// computed for all of them at once.
struct BlockBatch {
  int64_t n;
  alignas(64) uint32_t extreme_bits[kSumLanes] = {};
  alignas(64) float extreme[kSumLanes], to_whole[kSumLanes];
  // In whole numbers: the elements, their weights, and one times the other.
  alignas(64) int16_t x[kSumLanes][kBlock], weighted[kSumLanes][kBlock], own_weights[kSumLanes][kBlock];
  const int16_t* weights[kSumLanes];
  // Of every coding; its best scale is products / squares.
  alignas(64) int32_t products[kSumLanes][kMostCodings], squares[kSumLanes][kMostCodings];
  // Of the best coding.
  alignas(64) int32_t product[kSumLanes] = {}, square[kSumLanes] = {};
  alignas(64) float scale[kSumLanes], inverse[kSumLanes];
};

/// What codings are tried with: kVectors vectors of them side by side, clamped or not.
template <size_t kCodings_, size_t kVectors_, bool kClamped>
struct Codings {
  static constexpr size_t kCodings = kCodings_, kVectors = kVectors_;
  using D = hn::CappedTag<int32_t, kCodings / kVectors>;
  using D16 = hn::Repartition<int16_t, D>;
  using V = hn::Vec<D>;
  using V16 = hn::Vec<D16>;
  int16_t low, high;
  HWY_INLINE V16 code(V16 x, V16 factor) const {
    const V16 code = hn::MulFixedPoint15(x, factor);
    return kClamped ? hn::Min(hn::Max(code, hn::Set(D16(), low)), hn::Set(D16(), high)) : code;
  }
};

/// Sums of products of neighbours, in whichever order the instruction set has them.
template <typename C>
struct PairSum {
  typename C::V first, second;
  HWY_INLINE void add(typename C::V16 a, typename C::V16 b) {
    first = hn::ReorderWidenMulAccumulate(typename C::D(), a, b, first, second);
  }
  HWY_INLINE typename C::V total() const { return hn::RearrangeToOddPlusEven(first, second); }
};

/// Elements k and k + 1 in every lane of 32 bits.
template <typename C>
HWY_INLINE typename C::V16 pair_at(const int16_t* p) {
  int32_t both;
  std::memcpy(&both, p, sizeof both);
  return hn::BitCast(typename C::D16(), hn::Set(typename C::D(), both));
}

/// A lane is a coding: elements come one pair after the other, so the sums need no shuffles. Each factor is there
/// twice.
template <typename C>
HWY_INLINE void sum_codings(const C& codings, const int16_t* factors, int64_t g, BlockBatch& batch) {
  const typename C::D d;
  const typename C::D16 d16;
  for (size_t c = 0; c < C::kCodings; c += C::kVectors * hn::Lanes(d)) {
    PairSum<C> products[C::kVectors], squares[C::kVectors];
    for (size_t i = 0; i < C::kVectors; ++i) products[i] = squares[i] = {hn::Zero(d), hn::Zero(d)};
    for (int64_t k = 0; k < kBlock; k += 2) {
      const auto x = pair_at<C>(batch.x[g] + k), weighted = pair_at<C>(batch.weighted[g] + k);
      const auto weight = pair_at<C>(batch.weights[g] + k);
      for (size_t i = 0; i < C::kVectors; ++i) {
        const auto code = codings.code(x, hn::LoadU(d16, factors + 2 * c + i * hn::Lanes(d16)));
        products[i].add(code, weighted);
        squares[i].add(hn::Mul(code, code), weight);
      }
    }
    for (size_t i = 0; i < C::kVectors; ++i) {
      hn::StoreU(products[i].total(), d, batch.products[g] + c + i * hn::Lanes(d));
      hn::StoreU(squares[i].total(), d, batch.squares[g] + c + i * hn::Lanes(d));
    }
  }
}

/// The coding that takes most of the block's energy, the first among equals.
template <typename C>
HWY_INLINE size_t best_coding(const int32_t* products, const int32_t* squares) {
  const typename C::D d;
  const hn::Rebind<float, typename C::D> f32;
  alignas(64) float energies[C::kCodings];
  auto most = hn::Zero(f32);
  for (size_t c = 0; c < C::kCodings; c += hn::Lanes(d)) {
    const auto product = hn::ConvertTo(f32, hn::Load(d, products + c));
    const auto square = hn::ConvertTo(f32, hn::Max(hn::Load(d, squares + c), hn::Set(d, 1)));
    const auto energy = hn::Div(hn::Mul(product, product), square);
    hn::Store(energy, f32, energies + c);
    most = hn::Max(most, energy);
  }
  most = hn::MaxOfLanes(f32, most);
  for (size_t c = 0; c < C::kCodings; c += hn::Lanes(d)) {
    const intptr_t first = hn::FindFirstTrue(f32, hn::Eq(hn::Load(f32, energies + c), most));
    if (first >= 0) return c + static_cast<size_t>(first);
  }
  return 0;
}

template <typename C>
HWY_INLINE void find_codings(const C& codings, const int16_t* factors, BlockBatch& batch) {
  for (int64_t g = 0; g < batch.n; ++g) sum_codings(codings, factors, g, batch);
  for (int64_t g = 0; g < batch.n; ++g) {
    const size_t best = best_coding<C>(batch.products[g], batch.squares[g]);
    batch.product[g] = batch.products[g][best];
    batch.square[g] = std::max(batch.squares[g][best], 1);
  }
}

/// Numbers in the order of their magnitudes, of equal ones the negative last.
HWY_INLINE hn::Vec<U32> magnitude_bits(VF x) { return hn::RotateRight<31>(hn::BitCast(U32(), x)); }
HWY_INLINE VF from_magnitude_bits(hn::Vec<U32> bits) { return hn::BitCast(F32(), hn::RotateRight<1>(bits)); }

/// magnitude_bits of the block's extreme.
template <typename W>
HWY_INLINE uint32_t extreme_bits_of(const W* w) {
  auto most = magnitude_bits(load(w));
  for (int64_t k = hn::Lanes(F32()); k < kBlock; k += hn::Lanes(F32()))
    most = hn::Max(most, magnitude_bits(load(w + k)));
  return hn::GetLane(hn::MaxOfLanes(U32(), most));
}

/// The elements as whole numbers, and times their weights.
template <typename W>
HWY_INLINE void load_block(const W* w, int64_t g, BlockBatch& batch) {
  const hn::Rebind<int16_t, F32> i16;
  const hn::Rebind<uint16_t, F32> u16;
  const VF factor = set(batch.to_whole[g]);
  for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) {
    const VF scaled = hn::Min(hn::Mul(load(w + k), factor), set(32767.0f));
    // The unit in the last place of the sum is 1: it is rounded to nearest, and its low half is the number.
    const auto x = hn::BitCast(i16, hn::TruncateTo(u16, hn::BitCast(U32(), hn::Add(scaled, set(0x1.8p23f)))));
    const auto weight = hn::ShiftLeft<kWeightShift>(hn::LoadU(i16, batch.weights[g] + k));
    hn::StoreU(x, i16, batch.x[g] + k);
    hn::StoreU(hn::MulFixedPoint15(x, weight), i16, batch.weighted[g] + k);
  }
}

#endif
}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
