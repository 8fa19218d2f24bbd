// The searches of the K types over many groups at a time: a lane is a group, so sums over a group need no shuffles and
// follow torch's order as they come. Compiled once per instruction set (hwy/foreach_target.h), so the guard toggles.
#if defined(AR_QUANT_GGUF_SEARCH_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef AR_QUANT_GGUF_SEARCH_INL_
#undef AR_QUANT_GGUF_SEARCH_INL_
#else
#define AR_QUANT_GGUF_SEARCH_INL_
#endif

#include "core/quant/gguf_search.hpp"
#include "core/quant/int_group-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace ar::quant::HWY_NAMESPACE {

constexpr int64_t kBatch = 64;

/// Groups side by side: element k of group g at [k][g].
struct Batch {
  alignas(64) float x[kMaxGroup][kBatch];
  alignas(64) float weights[kMaxGroup][kBatch];
  alignas(64) float codes[kMaxGroup][kBatch];
  alignas(64) float scale[kBatch];
  alignas(64) float min[kBatch];
  int64_t n;
};

/// 1 / x, and 0 for what is too small to divide by.
HWY_INLINE VF reciprocal_of(VF x) { return hn::IfThenElseZero(hn::Ge(hn::Abs(x), set(1e-30f)), hn::Div(set(1.0f), x)); }

/// group_sum of gguf_sum.hpp for the groups of a vector.
template <int64_t kGroup, typename Term>
HWY_INLINE VF sum_of(Term term) {
  VF total = hn::Zero(F32());
  for (int64_t lane = 0; lane < 8; ++lane) {
    VF sum = term(lane);
    for (int64_t k = lane + 8; k < kGroup; k += 8) sum = hn::Add(sum, term(k));
    total = hn::Add(total, sum);
  }
  return total;
}

/// Weights that follow from the elements themselves.
template <int64_t kGroup>
HWY_INLINE void fill_weights(const KGrid& grid, int64_t padded, Batch& batch) {
  for (int64_t j = 0; j < padded; j += hn::Lanes(F32())) {
    const VF squares = sum_of<kGroup>([&](int64_t k) HWY_ATTR {
      const VF x = load(batch.x[k] + j);
      return hn::Mul(x, x);
    });
    const VF spread = grid.bits == 2 ? hn::Zero(F32()) : hn::Sqrt(hn::Div(squares, set(32.0f)));
    for (int64_t k = 0; k < kGroup; ++k) {
      const VF magnitude = hn::Abs(load(batch.x[k] + j));
      store(grid.sym ? hn::Mul(magnitude, magnitude) : hn::Add(magnitude, spread), batch.weights[k] + j);
    }
  }
}

/// w ~ scale * code + low of the groups of a vector.
struct Affine {
  VF scale, low;
};

struct Coding {
  VF low, inverse, top;
  HWY_INLINE VF code(VF x) const {
    const VF rounded = hn::Round(hn::Mul(hn::Sub(x, low), inverse));
    return hn::Min(hn::Max(rounded, hn::Zero(F32())), top);
  }
};

template <int64_t kGroup, bool kAbsolute>
HWY_INLINE VF error_of(const Batch& batch, int64_t j, const Affine& f, VF top) {
  const Coding coding{f.low, reciprocal_of(f.scale), top};
  return sum_of<kGroup>([&](int64_t k) HWY_ATTR {
    const VF x = load(batch.x[k] + j);
    const VF error = hn::Sub(hn::Add(hn::Mul(coding.code(x), f.scale), f.low), x);
    return hn::Mul(load(batch.weights[k] + j), kAbsolute ? hn::Abs(error) : hn::Mul(error, error));
  });
}

/// Sums over a group, for the codes of a candidate.
struct Moments {
  VF l, ll, lx;
  HWY_INLINE void add(const Moments& other) {
    l = hn::Add(l, other.l);
    ll = hn::Add(ll, other.ll);
    lx = hn::Add(lx, other.lx);
  }
};

template <int64_t kGroup>
HWY_INLINE Moments moments_of(const Batch& batch, int64_t j, const Coding& coding) {
  const auto term = [&](int64_t k) HWY_ATTR {
    const VF x = load(batch.x[k] + j), code = coding.code(x);
    const VF weighted = hn::Mul(code, load(batch.weights[k] + j));
    return Moments{weighted, hn::Mul(weighted, code), hn::Mul(weighted, x)};
  };
  Moments total{hn::Zero(F32()), hn::Zero(F32()), hn::Zero(F32())};
  for (int64_t lane = 0; lane < 8; ++lane) {
    Moments sum = term(lane);
    for (int64_t k = lane + 8; k < kGroup; k += 8) sum.add(term(k));
    total.add(sum);
  }
  return total;
}

template <int64_t kGroup, bool kAbsolute>
HWY_INLINE void search_affine(Batch& batch, int64_t j, float levels, const std::vector<float>& divisors) {
  const VF zero = hn::Zero(F32()), top = set(levels);
  VF high = load(batch.x[0] + j), low = hn::Min(high, zero);
  for (int64_t k = 1; k < kGroup; ++k) {
    low = hn::Min(low, load(batch.x[k] + j));
    high = hn::Max(high, load(batch.x[k] + j));
  }
  const VF sum_w = sum_of<kGroup>([&](int64_t k) HWY_ATTR { return load(batch.weights[k] + j); });
  const VF sum_x =
      sum_of<kGroup>([&](int64_t k) HWY_ATTR { return hn::Mul(load(batch.weights[k] + j), load(batch.x[k] + j)); });
  Affine best{hn::Div(hn::Sub(high, low), top), low};
  VF least = error_of<kGroup, kAbsolute>(batch, j, best, top);
  for (float divisor : divisors) {
    const VF start = hn::Div(hn::Sub(high, best.low), set(divisor));
    const Moments m = moments_of<kGroup>(batch, j, {best.low, reciprocal_of(start), top});
    const VF determinant = hn::Sub(hn::Mul(sum_w, m.ll), hn::Mul(m.l, m.l));
    Affine refined{hn::Div(hn::Sub(hn::Mul(sum_w, m.lx), hn::Mul(sum_x, m.l)), determinant),
                   hn::Div(hn::Sub(hn::Mul(m.ll, sum_x), hn::Mul(m.l, m.lx)), determinant)};
    const auto positive = hn::Gt(refined.low, zero);
    refined.scale = hn::IfThenElse(positive, hn::Div(m.lx, m.ll), refined.scale);
    refined.low = hn::IfThenZeroElse(positive, refined.low);
    const VF error = error_of<kGroup, kAbsolute>(batch, j, refined, top);
    const auto better = hn::And(hn::Lt(error, least), hn::Gt(determinant, zero));
    least = hn::IfThenElse(better, error, least);
    best.scale = hn::IfThenElse(better, refined.scale, best.scale);
    best.low = hn::IfThenElse(better, refined.low, best.low);
  }
  store(best.scale, batch.scale + j);
  store(hn::Neg(best.low), batch.min + j);
}

/// How well codes fit the groups: the best scale for them is products / squares.
struct Fit {
  VF products, squares;
  HWY_INLINE void add(const Fit& other) {
    products = hn::Add(products, other.products);
    squares = hn::Add(squares, other.squares);
  }
};

template <int64_t kGroup, typename Code>
HWY_INLINE Fit fit(const Batch& batch, int64_t j, Code code_at) {
  const auto term = [&](int64_t k) HWY_ATTR {
    const VF x = load(batch.x[k] + j), weight = load(batch.weights[k] + j), code = code_at(k, x);
    return Fit{hn::Mul(hn::Mul(weight, x), code), hn::Mul(hn::Mul(weight, code), code)};
  };
  Fit total{hn::Zero(F32()), hn::Zero(F32())};
  for (int64_t lane = 0; lane < 8; ++lane) {
    Fit sum = term(lane);
    for (int64_t k = lane + 8; k < kGroup; k += 8) sum.add(term(k));
    total.add(sum);
  }
  return total;
}

/// The element of largest magnitude, the first among equals.
template <int64_t kGroup>
HWY_INLINE VF extreme_of(const Batch& batch, int64_t j) {
  VF extreme = load(batch.x[0] + j);
  for (int64_t k = 1; k < kGroup; ++k) {
    const VF x = load(batch.x[k] + j);
    extreme = hn::IfThenElse(hn::Gt(hn::Abs(x), hn::Abs(extreme)), x, extreme);
  }
  return extreme;
}

HWY_INLINE VF signed_code(VF x, float half) { return hn::Min(hn::Max(hn::Round(x), set(-half)), set(half - 1)); }

template <int64_t kGroup>
HWY_INLINE void search_symmetric(Batch& batch, int64_t j, float half, const std::vector<float>& factors) {
  const VF extreme = extreme_of<kGroup>(batch, j);
  const auto fit_inverse = [&](VF inverse) HWY_ATTR {
    return fit<kGroup>(batch, j, [&](int64_t, VF x) HWY_ATTR { return signed_code(hn::Mul(x, inverse), half); });
  };
  Fit sums = fit_inverse(hn::Mul(set(factors[0]), reciprocal_of(extreme)));
  VF scale = hn::Mul(sums.products, reciprocal_of(sums.squares));
  VF best = hn::Mul(scale, sums.products);
  const VF inverse_extreme = hn::Div(set(1.0f), extreme);
  for (size_t i = 1; i < factors.size(); ++i) {
    sums = fit_inverse(hn::Mul(inverse_extreme, set(factors[i])));
    const auto better = hn::And(hn::Gt(sums.squares, hn::Zero(F32())),
                                hn::Gt(hn::Mul(sums.products, sums.products), hn::Mul(best, sums.squares)));
    scale = hn::IfThenElse(better, hn::Div(sums.products, sums.squares), scale);
    best = hn::IfThenElse(better, hn::Mul(scale, sums.products), best);
  }
  store(scale, batch.scale + j);
}

/// One element of the groups of a vector in turn: takes the code that fits best while the others stay, if that improves
/// the fit.
HWY_INLINE Fit descend_element(Batch& batch, int64_t k, int64_t j, float half, const Fit& sums) {
  const VF x = load(batch.x[k] + j), weight = load(batch.weights[k] + j), old = load(batch.codes[k] + j);
  const VF product = hn::Mul(weight, x), zero = hn::Zero(F32());
  Fit trial{hn::Sub(sums.products, hn::Mul(product, old)), hn::Sub(sums.squares, hn::Mul(hn::Mul(weight, old), old))};
  const VF code = signed_code(hn::Div(hn::Mul(x, trial.squares), trial.products), half);
  const auto moves = hn::And(hn::Gt(trial.products, zero), hn::Ne(code, old));
  trial.add({hn::Mul(product, code), hn::Mul(hn::Mul(weight, code), code)});
  const VF gain = hn::Mul(hn::Mul(trial.products, trial.products), sums.squares);
  const VF loss = hn::Mul(hn::Mul(sums.products, sums.products), trial.squares);
  const auto accepted = hn::And(moves, hn::And(hn::Gt(trial.squares, zero), hn::Gt(gain, loss)));
  store(hn::IfThenElse(accepted, code, old), batch.codes[k] + j);
  return {hn::IfThenElse(accepted, trial.products, sums.products),
          hn::IfThenElse(accepted, trial.squares, sums.squares)};
}

/// Q3_K without importance. Elements outermost: each step waits for the one before it, the groups of other vectors fill
/// the time.
template <int64_t kGroup>
HWY_INLINE void descend_codes(Batch& batch, float half) {
  constexpr int kPasses = 5;
  alignas(64) float products[kBatch], squares[kBatch];
  const int64_t lanes = hn::Lanes(F32());
  for (int64_t j = 0; j < batch.n; j += lanes) {
    const VF inverse = hn::Mul(set(-half), reciprocal_of(extreme_of<kGroup>(batch, j)));
    const Fit sums = fit<kGroup>(batch, j, [&](int64_t k, VF x) HWY_ATTR {
      const VF code = signed_code(hn::Mul(inverse, x), half);
      store(code, batch.codes[k] + j);
      return code;
    });
    store(sums.products, products + j);
    store(sums.squares, squares + j);
  }
  for (int pass = 0; pass < kPasses; ++pass)
    for (int64_t k = 0; k < kGroup; ++k)
      for (int64_t j = 0; j < batch.n; j += lanes) {
        const Fit sums = descend_element(batch, k, j, half, {load(products + j), load(squares + j)});
        store(sums.products, products + j);
        store(sums.squares, squares + j);
      }
  for (int64_t j = 0; j < batch.n; j += lanes)
    store(hn::Mul(load(products + j), reciprocal_of(load(squares + j))), batch.scale + j);
}

}  // namespace ar::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
