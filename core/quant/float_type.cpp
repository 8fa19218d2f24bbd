#include <vector>

#include "core/base/error.hpp"
#include "core/quant/float_search.hpp"
#include "core/quant/float_tuner.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/row_chunks.hpp"
#include "core/quant/types.hpp"

namespace ar::quant {
namespace {

template <typename Body>
void for_row_chunks(const FloatGrid& grid, Body body) {
  quant::for_row_chunks(grid.rows, grid.cols, body, grid.group_rows);
}

Importance importance_of(const QuantizeOptions& options, const Scheme& scheme, const FloatGrid& grid) {
  const float* importance = checked_importance(options, grid.cols);
  if (importance == nullptr) return {};
  IntGrid cut;
  cut.bits = scheme.bits;
  cut.rows = grid.rows;
  cut.cols = grid.cols;
  cut.group = grid.group;
  return {importance, cut};
}

/// The search weighs errors under the matrix's own global scale even where fused siblings share another (6.3).
void search(FloatTuning layer, const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options,
            std::vector<float>& factors) {
  QuantizeOptions alone = options;
  alone.global_scale.reset();
  layer.global_scale = global_scale_for(layer.grid, weight, alone);
  const Importance importance = importance_of(options, scheme, layer.grid);
  for_row_chunks(layer.grid, [&](RowRange rows) {
    std::vector<float> scratch(static_cast<size_t>(search_scratch(layer.grid)));
    search_factors(layer, rows, importance, scratch.data(), factors.data());
  });
}

/// The types whose scales follow one of a family of rules.
class FloatType final : public DataType {
 public:
  using Member = bool (*)(ScaleRule);
  explicit FloatType(Member member) : member_(member) {}

  bool handles(const Scheme& scheme) const override {
    const auto kind = float_kind(scheme.data_type, scheme.bits);
    return kind && member_(kind->rule);
  }

  QuantizedWeight round(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) const override {
    if (weight.dim() != 2) base::fail("a weight to quantize has {} dimensions, not 2", weight.dim());
    const at::Tensor w = weight.to(options.dtype).contiguous();
    FloatTuning layer{weight_grid(scheme, w.size(0), w.size(1)), reals_of(w)};
    const auto n_groups = static_cast<size_t>(layer.grid.bands() * layer.grid.groups());
    std::vector<float> amax(n_groups), factors;
    for_row_chunks(layer.grid, [&](RowRange rows) { group_amax(layer.grid, layer.weight, rows, amax.data()); });
    layer.amax = amax.data();
    layer.global_scale = global_scale_for(layer.grid, w, options);
    layer.narrow = layer.grid.blocks && layer.weight.type == tensor::Real::kBf16;
    if (options.search && searches(layer.grid.kind.rule)) {
      factors.resize(n_groups);
      search(layer, w, scheme, options, factors);
      layer.init_scale = factors.data();
    }
    const FloatPlaneStore planes(layer.grid);
    for_row_chunks(layer.grid, [&](RowRange rows) { finish(layer, rows, planes.view()); });
    return planes.to_weight(scheme, w.size(0), w.size(1), layer.global_scale);
  }

  at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype) const override {
    return dequantize_planes(weight_grid(weight.scheme, weight.out, weight.in), weight, dtype);
  }

  std::unique_ptr<WeightTuner> tuner(const at::Tensor& weight, const Scheme& scheme,
                                     const QuantizeOptions& options) const override {
    return std::make_unique<FloatTuner>(weight, scheme, options);
  }

 private:
  Member member_;
};

}  // namespace

const DataType& mx_type() {
  static const FloatType type([](ScaleRule rule) { return is_mx(rule); });
  return type;
}

const DataType& nv_type() {
  static const FloatType type([](ScaleRule rule) { return rule == ScaleRule::kNv || rule == ScaleRule::kUe5m3; });
  return type;
}

const DataType& fp8_type() {
  static const FloatType type([](ScaleRule rule) { return rule == ScaleRule::kFp; });
  return type;
}

}  // namespace ar::quant
