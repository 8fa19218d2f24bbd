#include "core/quant/gguf_block_search.hpp"

#include <algorithm>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quant/gguf_block_search.cpp"
#include <hwy/foreach_target.h>

#include "core/quant/gguf_block-inl.hpp"
#include "core/quant/gguf_block_search-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
void RoundSearchedBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const Importance& importance,
                         const IntPlanes& planes) {
  reference::round_searched_blocks(grid, weight, rows, importance, planes);
}
#else

template <typename W>
class BlockSearch {
 public:
  BlockSearch(const IntGrid& grid, const Importance& importance)
      : grid_(grid), importance_(importance), codings_(block_codings(grid.bits)) {
    for (const int16_t factor : codings_.factors) factors_.insert(factors_.end(), 2, factor);
    if (!importance.uniform() && importance.fixed(0) == nullptr) return;
    weights_.resize(static_cast<size_t>(grid.cols), kTopWeight);
    if (importance.uniform()) return;
    for (int64_t g = 0; g < grid.groups(); ++g)
      whole_weights(importance.fixed(g), kBlock, weights_.data() + g * kBlock);
  }

  void run(const W* weight, RowRange rows, const IntPlanes& planes) {
    const int64_t groups = grid_.groups(), end = rows.end * groups;
    const SymEncoder encoder(grid_);
    for (int64_t first = rows.begin * groups; first < end; first += kSumLanes) {
      batch_.n = std::min(kSumLanes, end - first);
      const W* w = weight + first * kBlock;
      find_extremes(w);
      load_blocks(w, first % groups);
      find_codings();
      fit_scales();
      std::copy_n(batch_.scale, batch_.n, planes.scale + first);
      if (planes.codes == nullptr) continue;
      for (int64_t g = 0; g < batch_.n; ++g)
        encode(encoder, w + g * kBlock, batch_.inverse[g], planes.codes + (first + g) * kBlock);
    }
  }

 private:
  HWY_INLINE void find_extremes(const W* w) {
    for (int64_t g = 0; g < batch_.n; ++g) batch_.extreme_bits[g] = extreme_bits_of(w + g * kBlock);
    for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
      const VF extreme = from_magnitude_bits(hn::Load(U32(), batch_.extreme_bits + g));
      const auto some = hn::Ge(hn::Abs(extreme), set(kNoExtreme));
      store(extreme, batch_.extreme + g);
      store(hn::IfThenElseZero(some, hn::Div(set(-codings_.one), extreme)), batch_.to_whole + g);
    }
  }

  HWY_INLINE void load_blocks(const W* w, int64_t group) {
    const int64_t groups = grid_.groups();
    for (int64_t g = 0; g < batch_.n; ++g, group = group + 1 < groups ? group + 1 : 0) {
      batch_.weights[g] = weights_.empty() ? own_weights(w + g * kBlock, group, batch_.own_weights[g])
                                           : weights_.data() + group * kBlock;
      load_block(w + g * kBlock, g, batch_);
    }
  }

  HWY_NOINLINE const int16_t* own_weights(const W* w, int64_t group, int16_t* whole) const {
    float x[kBlock], weights[kBlock];
    for (int64_t k = 0; k < kBlock; ++k) x[k] = tensor::to_f32(w[k]);
    importance_.fill(x, group, kBlock, false, weights);
    whole_weights(weights, kBlock, whole);
    return whole;
  }

  HWY_INLINE void find_codings() {
    const auto half = static_cast<int16_t>(grid_.half());
    const auto low = static_cast<int16_t>(-half), high = static_cast<int16_t>(half - 1);
    if (grid_.bits == 8)
      HWY_NAMESPACE::find_codings(Codings<kByteCodings, 1, false>{low, high}, factors_.data(), batch_);
    else
      HWY_NAMESPACE::find_codings(Codings<kMostCodings, 2, true>{low, high}, factors_.data(), batch_);
  }

  /// The extreme sets the scale of blocks without a code that counts.
  HWY_INLINE void fit_scales() {
    const I32 d;
    const VF zero = hn::Zero(F32()), unit = set(coding_unit(codings_));
    for (int64_t g = 0; g < kSumLanes; g += hn::Lanes(F32())) {
      const VF extreme = load(batch_.extreme + g);
      const VF product = hn::ConvertTo(F32(), hn::Load(d, batch_.product + g));
      const VF square = hn::ConvertTo(F32(), hn::Load(d, batch_.square + g));
      const VF fitted = hn::Mul(hn::Div(product, square), hn::Mul(unit, extreme));
      const VF scale = hn::IfThenElse(hn::Gt(product, zero), fitted, hn::Div(extreme, set(-grid_.half())));
      const VF stored = hn::CopySign(hn::Min(hn::Abs(round_to_f16(scale)), set(kMostHalf)), scale);
      store(stored, batch_.scale + g);
      store(hn::IfThenElseZero(hn::Ne(stored, zero), hn::Div(set(1.0f), stored)), batch_.inverse + g);
    }
  }

  HWY_INLINE static void encode(const SymEncoder& encoder, const W* w, float inverse, uint8_t* codes) {
    const VF factor = set(inverse);
    for (int64_t k = 0; k < kBlock; k += hn::Lanes(F32())) encoder.store_codes(hn::Mul(load(w + k), factor), codes + k);
  }

  const IntGrid& grid_;
  const Importance& importance_;
  BlockCodings codings_;
  std::vector<int16_t> factors_;  // each twice
  std::vector<int16_t> weights_;  // of a row; empty where elements have a say in them
  BlockBatch batch_;
};

void RoundSearchedBlocks(const IntGrid& grid, ConstReals weight, RowRange rows, const Importance& importance,
                         const IntPlanes& planes) {
  with_type(weight.type, [&](auto w) {
    using W = decltype(w);
    BlockSearch<W>(grid, importance).run(static_cast<const W*>(weight.data), rows, planes);
  });
}
#endif

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ar::quant {
namespace {
HWY_EXPORT(RoundSearchedBlocks);
}

BlockCodings block_codings(int bits) {
  // No code of 8 bits leaves the range. With 4 and 5 it spans 0.78 to 1.75 of it.
  if (bits == 8) return {32768.0f, {118, 120, 122, 123, 124, 125, 126, 127}};
  BlockCodings codings{static_cast<float>(1 << (bits + 9)), std::vector<int16_t>(kMostCodings)};
  std::iota(codings.factors.begin(), codings.factors.end(), int16_t{25});
  return codings;
}

void whole_weights(const float* weights, int64_t n, int16_t* whole) {
  const float most = *std::max_element(weights, weights + n);
  for (int64_t k = 0; k < n; ++k)
    whole[k] =
        most > 0.0f ? static_cast<int16_t>(weights[k] / most * static_cast<float>(kTopWeight) + 0.5f) : int16_t{0};
}

void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes) {
  HWY_DYNAMIC_DISPATCH(RoundSearchedBlocks)(grid, weight, rows, importance, planes);
}

}  // namespace ar::quant
#endif
