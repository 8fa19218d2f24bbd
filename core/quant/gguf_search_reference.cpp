#include <algorithm>
#include <cmath>

#include "core/quant/gguf_search.hpp"
#include "core/quant/gguf_sum.hpp"
#include "core/quant/gguf_super.hpp"

namespace ar::quant::reference {
namespace {

struct Group {
  float x[kMaxGroup];
  float weights[kMaxGroup];
  int64_t size;
};

struct Affine {
  float scale;
  float low;  // value of code 0
};

float code_of(float x, Affine f, float top) {
  return std::min(std::max(std::nearbyint((x - f.low) * reciprocal(f.scale)), 0.0f), top);
}

float error_of(const Group& group, Affine f, float top, bool absolute) {
  return group_sum(group.size, [&](int64_t k) {
    const float error = code_of(group.x[k], f, top) * f.scale + f.low - group.x[k];
    return group.weights[k] * (absolute ? std::fabs(error) : error * error);
  });
}

/// The least squares scale and offset for the codes that `start` gives. False when there are none.
bool refine(const Group& group, float top, Affine start, float sum_w, float sum_x, Affine* refined) {
  float codes[kMaxGroup];
  for (int64_t k = 0; k < group.size; ++k) codes[k] = code_of(group.x[k], start, top);
  const auto weighted = [&](int64_t k) { return codes[k] * group.weights[k]; };
  const float sum_l = group_sum(group.size, weighted);
  const float sum_ll = group_sum(group.size, [&](int64_t k) { return weighted(k) * codes[k]; });
  const float sum_lx = group_sum(group.size, [&](int64_t k) { return weighted(k) * group.x[k]; });
  const float determinant = sum_w * sum_ll - sum_l * sum_l;
  refined->scale = (sum_w * sum_lx - sum_x * sum_l) / determinant;
  refined->low = (sum_ll * sum_x - sum_l * sum_lx) / determinant;
  if (refined->low > 0) *refined = {sum_lx / sum_ll, 0.0f};
  return determinant > 0;
}

Affine search_affine(const Group& group, float top, const SearchSteps& steps) {
  const float high = *std::max_element(group.x, group.x + group.size);
  const float lowest = std::min(*std::min_element(group.x, group.x + group.size), 0.0f);
  const float sum_w = group_sum(group.size, [&](int64_t k) { return group.weights[k]; });
  const float sum_x = group_sum(group.size, [&](int64_t k) { return group.weights[k] * group.x[k]; });
  Affine best{(high - lowest) / top, lowest};
  float least = error_of(group, best, top, steps.absolute);
  for (float divisor : steps.divisors) {
    Affine refined;
    if (!refine(group, top, {(high - best.low) / divisor, best.low}, sum_w, sum_x, &refined)) continue;
    const float error = error_of(group, refined, top, steps.absolute);
    if (!(error < least)) continue;
    least = error;
    best = refined;
  }
  return best;
}

float extreme_of(const Group& group) {
  float extreme = group.x[0];
  for (int64_t k = 1; k < group.size; ++k)
    if (std::fabs(group.x[k]) > std::fabs(extreme)) extreme = group.x[k];
  return extreme;
}

/// How well codes fit the group: the best scale for them is products / squares.
struct Fit {
  float products;  // weights * x * code
  float squares;   // weights * code^2
};

float signed_code(float x, float half) { return std::min(std::max(std::nearbyint(x), -half), half - 1); }

Fit fit(const Group& group, const float* codes) {
  return {group_sum(group.size, [&](int64_t k) { return group.weights[k] * group.x[k] * codes[k]; }),
          group_sum(group.size, [&](int64_t k) { return group.weights[k] * codes[k] * codes[k]; })};
}

Fit fit_inverse(const Group& group, float half, float inverse) {
  float codes[kMaxGroup];
  for (int64_t k = 0; k < group.size; ++k) codes[k] = signed_code(group.x[k] * inverse, half);
  return fit(group, codes);
}

float search_symmetric(const Group& group, float half, const std::vector<float>& factors) {
  const float extreme = extreme_of(group);
  Fit sums = fit_inverse(group, half, factors[0] * reciprocal(extreme));
  float scale = sums.products * reciprocal(sums.squares);
  float best = scale * sums.products;
  for (size_t i = 1; i < factors.size(); ++i) {
    sums = fit_inverse(group, half, 1.0f / extreme * factors[i]);
    if (!(sums.squares > 0 && sums.products * sums.products > best * sums.squares)) continue;
    scale = sums.products / sums.squares;
    best = scale * sums.products;
  }
  return scale;
}

/// Q3_K without importance: codes change one at a time while that improves the fit (upstream 0.16.1).
float descend_codes(const Group& group, float half) {
  constexpr int kPasses = 5;
  const float inverse = -half * reciprocal(extreme_of(group));
  float codes[kMaxGroup];
  for (int64_t k = 0; k < group.size; ++k) codes[k] = signed_code(inverse * group.x[k], half);
  Fit sums = fit(group, codes);
  for (int pass = 0; pass < kPasses; ++pass)
    for (int64_t k = 0; k < group.size; ++k) {
      const float x = group.x[k], w = group.weights[k];
      Fit trial{sums.products - w * x * codes[k], sums.squares - w * codes[k] * codes[k]};
      if (!(trial.products > 0)) continue;
      const float code = signed_code(x * trial.squares / trial.products, half);
      if (code == codes[k]) continue;
      trial.products += w * x * code;
      trial.squares += w * code * code;
      if (!(trial.squares > 0)) continue;
      if (!(trial.products * trial.products * sums.squares > sums.products * sums.products * trial.squares)) continue;
      codes[k] = code;
      sums = trial;
    }
  return sums.products * reciprocal(sums.squares);
}

void load_group(const KGrid& grid, tensor::ConstReals weight, int64_t first, const KImportance& importance,
                Group* group) {
  group->size = grid.group();
  for (int64_t k = 0; k < group->size; ++k) group->x[k] = tensor::real_at(weight, first + k);
  if (importance.given()) return importance.fill(group->x, first % grid.cols, group->weights);
  const float spread = std::sqrt(group_sum(group->size, [&](int64_t k) { return group->x[k] * group->x[k]; }) / 32.0f);
  for (int64_t k = 0; k < group->size; ++k) {
    const float magnitude = std::fabs(group->x[k]);
    group->weights[k] = grid.sym ? magnitude * magnitude : grid.bits == 2 ? magnitude : magnitude + spread;
  }
}

}  // namespace

void search_scales(const KGrid& grid, tensor::ConstReals weight, RowRange rows, const KImportance& importance,
                   float* scale, float* min) {
  const SearchSteps steps = search_steps(grid.bits, importance.given());
  const std::vector<float> factors = search_factors(grid.bits);
  const int64_t groups = grid.cols / grid.group();
  Group group;
  for (int64_t g = rows.begin * groups; g < rows.end * groups; ++g) {
    load_group(grid, weight, g * grid.group(), importance, &group);
    if (!grid.sym) {
      const Affine best = search_affine(group, grid.top(), steps);
      scale[g] = best.scale;
      min[g] = -best.low;
    } else if (grid.bits == 3 && !importance.given()) {
      scale[g] = descend_codes(group, grid.half());
    } else {
      scale[g] = search_symmetric(group, grid.half(), factors);
    }
  }
}

}  // namespace ar::quant::reference
