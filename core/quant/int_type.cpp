#include <algorithm>
#include <vector>

#include <ATen/ops/empty.h>

#include "core/base/error.hpp"
#include "core/quant/gguf_block_search.hpp"
#include "core/quant/gguf_found.hpp"
#include "core/quant/gguf_legacy.hpp"
#include "core/quant/gguf_legacy_kernel.hpp"
#include "core/quant/int_dequantize.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/range_tuner.hpp"
#include "core/quant/row_chunks.hpp"
#include "core/quant/scale_search.hpp"
#include "core/quant/search_math.hpp"
#include "core/quant/types.hpp"

namespace ar::quant {
namespace {

template <typename Body>
void for_row_chunks(const IntGrid& grid, Body body) {
  quant::for_row_chunks(grid.rows, grid.cols, body);
}

/// Scales stay in the weight's dtype until they are stored, as does all arithmetic with them (data_types.md 4.3).
void use_searched_scale(const QuantizeOptions& options, IntTuning& layer, std::vector<float>& scale) {
  const bool narrow = layer.weight.type == tensor::Real::kBf16;
  layer.grid.scale_type = narrow ? ScaleType::kBf16 : ScaleType::kF32;
  const std::vector<float> divisors = search_divisors(layer.grid.bits, options.search_ratio);
  const Importance importance = importance_of(options, layer.grid);
  for_row_chunks(layer.grid, [&](RowRange rows) {
    std::vector<float> scratch(static_cast<size_t>(2 * padded_group(layer.grid)));
    search_scales(layer.grid, layer.weight, rows, divisors, importance, scratch.data(), scale.data());
  });
  layer.init_scale = scale.data();
}

/// Q4_1 and Q5_1 from scales and minima that were found: each element is rounded once, to what is stored.
void round_to_found(const IntTuning& layer, FoundBlockScales& found, const IntPlanes& planes) {
  IntTuning with_found = layer;
  found.give(with_found);
  for_row_chunks(layer.grid, [&](RowRange rows) {
    found.find(layer.weight, rows);
    finish(with_found, rows, planes);
  });
}

/// Q4_0, Q5_0 and Q8_0.
void round_blocks(const IntTuning& layer, const QuantizeOptions& options, const IntPlanes& planes) {
  const Importance importance = importance_of(options, layer.grid);
  for_row_chunks(layer.grid, [&](RowRange rows) {
    if (options.search)
      round_searched_blocks(layer.grid, layer.weight, rows, importance, planes);
    else
      round_sym_blocks(layer.grid, layer.weight, rows, planes);
  });
}

QuantizedWeight round_to_grid(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) {
  if (weight.dim() != 2) base::fail("a weight to quantize has {} dimensions, not 2", weight.dim());
  const at::Tensor w = weight.to(options.dtype).contiguous();
  const int64_t out = w.size(0), in = w.size(1);
  IntTuning layer{make_grid(scheme, out, in, options.scale_type), reals_of(w)};
  const PlaneStore planes(layer.grid);
  if (is_sym_block_grid(layer.grid)) {
    round_blocks(layer, options, planes.view());
    return planes.to_weight(scheme, out, in, options.scale_type);
  }
  if (FoundBlockScales found(layer.grid, options); found.active()) {
    round_to_found(layer, found, planes.view());
    return planes.to_weight(scheme, out, in, options.scale_type);
  }
  const bool search = options.search && scheme.sym;
  const auto n_groups = static_cast<size_t>(layer.grid.rows * layer.grid.groups());
  std::vector<float> range_min(search ? 0 : n_groups), range_max(range_min.size()), scale(search ? n_groups : 0);
  if (search) {
    use_searched_scale(options, layer, scale);
  } else {
    layer.range_min = range_min.data();
    layer.range_max = range_max.data();
  }
  for_row_chunks(layer.grid, [&](RowRange rows) {
    if (!search) group_ranges(layer.grid, layer.weight, rows, range_min.data(), range_max.data());
    finish(layer, rows, planes.view());
  });
  return planes.to_weight(scheme, out, in, options.scale_type);
}

at::Tensor dequantize_grid(const QuantizedWeight& weight, at::ScalarType dtype) {
  const IntGrid grid = make_grid(weight.scheme, weight.out, weight.in);
  const at::Tensor scale = weight.scale.to(at::kFloat).contiguous();
  at::Tensor out = at::empty({weight.out, weight.in}, dtype);
  const StoredIntPlanes planes{weight.codes.const_data_ptr<uint8_t>(), scale.const_data_ptr<float>(),
                               weight.zero_point.defined() ? weight.zero_point.const_data_ptr<float>() : nullptr};
  const tensor::Reals to = mutable_reals_of(out);
  for_row_chunks(grid, [&](RowRange rows) { dequantize_rows(grid, planes, rows, to); });
  return out;
}

struct IntRanges {
  using Grid = IntGrid;
  using Tuning = IntTuning;
  using Store = PlaneStore;
  using Search = FoundBlockScales;
  static const IntGrid& groups(const IntGrid& grid) { return grid; }
  static QuantizedWeight weight(const PlaneStore& planes, const Scheme& scheme, const IntGrid& grid,
                                const at::Tensor& source) {
    return planes.to_weight(scheme, source.size(0), source.size(1), grid.scale_type);
  }
};

class IntType final : public DataType {
 public:
  bool handles(const Scheme& scheme) const override {
    if (scheme.data_type == "int_asym_float_zp") return scheme.bits == 4 || scheme.bits == 5;
    return scheme.data_type == "int" && scheme.bits >= 2 && scheme.bits <= 8;
  }
  QuantizedWeight round(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) const override {
    if (options.from_data) return round_legacy_blocks(weight, scheme);
    return round_to_grid(weight, scheme, options);
  }
  at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype) const override {
    return dequantize_grid(weight, dtype);
  }
  std::unique_ptr<WeightTuner> tuner(const at::Tensor& weight, const Scheme& scheme,
                                     const QuantizeOptions& options) const override {
    const IntGrid grid = make_grid(scheme, weight.size(0), weight.size(1), options.scale_type);
    return std::make_unique<RangeTuner<IntRanges>>(weight, scheme, grid, options);
  }
  bool tunes_from_search(const Scheme& scheme, ScaleType scale_type) const override {
    return scheme.data_type == "int_asym_float_zp" || is_sym_block(scheme, scale_type);
  }
};

}  // namespace

const DataType& int_type() {
  static const IntType type;
  return type;
}

}  // namespace ar::quant
