#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>
#include <vector>

#include <ATen/ops/empty.h>

#include "core/base/error.hpp"
#include "core/quant/gguf_found.hpp"
#include "core/quant/gguf_planes.hpp"
#include "core/quant/gguf_search.hpp"
#include "core/quant/planes.hpp"
#include "core/quant/range_tuner.hpp"
#include "core/quant/row_chunks.hpp"
#include "core/quant/types.hpp"

namespace ar::quant {
namespace {

/// Second level of one super-block's scales or minima. Numbers too small to divide by are zero, and so is -0.
float quantize_again(const KGrid& grid, const float* weights, float* values) {
  const int64_t n = grid.groups();
  for (int64_t g = 0; g < n; ++g)
    if (std::fabs(values[g]) < 1e-30f) values[g] = 0.0f;
  const SecondLevel level = grid.sym             ? quantize_signed(values, n, grid.super_top())
                            : weights != nullptr ? quantize_weighted(values, n, grid.super_top(), weights)
                                                 : quantize_positive(values, n, grid.super_top());
  std::copy_n(level.value, n, values);
  return level.super;
}

/// Both levels of the scales of some rows.
void find_scales(const KGrid& grid, tensor::ConstReals weight, RowRange rows, const KImportance& importance,
                 const KScales& to) {
  search_scales(grid, weight, rows, importance, to.scale, to.min);
  const int64_t n = grid.groups();
  float weights[kMaxGroups];
  for (int64_t index = rows.begin * grid.supers(); index < rows.end * grid.supers(); ++index) {
    const bool weighted = importance.given() && !grid.sym;
    if (weighted) importance.sums(weight, index * kSuperBlock, weights);
    to.super_scale[index] = quantize_again(grid, weighted ? weights : nullptr, to.scale + index * n);
    if (!grid.sym) to.super_min[index] = quantize_again(grid, weighted ? weights : nullptr, to.min + index * n);
  }
}

/// Storage of what a search found for a layer of a K type.
class FoundKScales {
 public:
  explicit FoundKScales(const KGrid& grid)
      : scale_(static_cast<size_t>(grid.rows * grid.cols / grid.group())),
        min_(grid.sym ? 0 : scale_.size()),
        super_scale_(static_cast<size_t>(grid.rows * grid.supers())),
        super_min_(grid.sym ? 0 : super_scale_.size()),
        view_{scale_.data(), min_.data(), super_scale_.data(), super_min_.data()} {}
  FoundKScales(const FoundKScales&) = delete;
  FoundKScales& operator=(const FoundKScales&) = delete;
  const KScales& view() const { return view_; }

 private:
  std::vector<float> scale_, min_, super_scale_, super_min_;
  KScales view_;
};

QuantizedWeight round_to_blocks(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) {
  if (weight.dim() != 2) base::fail("a weight to quantize has {} dimensions, not 2", weight.dim());
  const at::Tensor w = weight.to(options.from_data ? at::kFloat : options.dtype).contiguous();
  const KGrid grid = make_k_grid(scheme, w.size(0), w.size(1));
  const KImportance importance = k_importance(options, grid);
  FoundKScales found(grid);
  KTuning layer{grid, reals_of(w)};
  layer.found = &found.view();
  const KPlaneStore planes(grid);
  for_row_chunks(grid.rows, grid.cols, [&](RowRange rows) {
    find_scales(grid, layer.weight, rows, importance, found.view());
    finish(layer, rows, planes.view());
  });
  return planes.to_weight(scheme);
}

/// A group as a loader computes it: float16 factors of the super-block times whole numbers.
struct Decoder {
  float scale;
  float min;
  float zero;
};

template <typename To>
void decode_group(const uint8_t* codes, Decoder decoder, int64_t size, To* to) {
  for (int64_t i = 0; i < size; ++i) {
    const float x = decoder.scale * (static_cast<float>(codes[i]) - decoder.zero) - decoder.min + 0.0f;
    if constexpr (std::is_same_v<To, float>)
      to[i] = x;
    else
      to[i] = tensor::to_bf16(x);
  }
}

Decoder decoder_of(const KGrid& grid, const QuantizedWeight& weight, int64_t group) {
  const int64_t super = group / grid.groups();
  const uint8_t code = weight.scale_codes.const_data_ptr<uint8_t>()[group];
  const int scale_code = grid.bits == 3 ? code - 32 : grid.bits == 6 ? static_cast<int8_t>(code) : code;
  const float scale = tensor::round_to_f16(weight.super_scale.const_data_ptr<float>()[super]);
  Decoder decoder{scale * static_cast<float>(scale_code), 0.0f, grid.sym ? grid.half() : 0.0f};
  if (!grid.sym)
    decoder.min = tensor::round_to_f16(weight.super_min.const_data_ptr<float>()[super]) *
                  static_cast<float>(weight.min_codes.const_data_ptr<uint8_t>()[group]);
  return decoder;
}

at::Tensor dequantize_blocks(const QuantizedWeight& weight, at::ScalarType dtype) {
  const KGrid grid = make_k_grid(weight.scheme, weight.out, weight.in);
  at::Tensor out = at::empty({weight.out, weight.in}, dtype);
  const tensor::Reals to = mutable_reals_of(out);
  const auto* codes = weight.codes.const_data_ptr<uint8_t>();
  const int64_t groups = grid.cols / grid.group();
  for_row_chunks(grid.rows, grid.cols, [&](RowRange rows) {
    for (int64_t g = rows.begin * groups; g < rows.end * groups; ++g) {
      const Decoder decoder = decoder_of(grid, weight, g);
      const int64_t first = g * grid.group();
      if (to.type == tensor::Real::kF32)
        decode_group(codes + first, decoder, grid.group(), static_cast<float*>(to.data) + first);
      else
        decode_group(codes + first, decoder, grid.group(), static_cast<tensor::Bf16*>(to.data) + first);
    }
  });
  return out;
}

/// Scales of least error weighted by importance, where that is asked for; ranges to train otherwise.
class KSearch {
 public:
  KSearch(const KGrid& grid, const QuantizeOptions& options) : grid_(grid), importance_(options.importance) {
    if (!options.search) return;
    weights_ = k_importance(options, grid);
    found_ = std::make_unique<FoundKScales>(grid);
  }
  bool active() const { return found_ != nullptr; }
  void find(tensor::ConstReals weight, RowRange rows) { find_scales(grid_, weight, rows, weights_, found_->view()); }
  void give(KTuning& layer) const { layer.found = &found_->view(); }

 private:
  KGrid grid_;
  at::Tensor importance_;  // what weights_ borrows
  KImportance weights_;
  std::unique_ptr<FoundKScales> found_;
};

struct KRanges {
  using Grid = KGrid;
  using Tuning = KTuning;
  using Store = KPlaneStore;
  using Search = KSearch;
  static IntGrid groups(const KGrid& grid) { return group_grid(grid); }
  static QuantizedWeight weight(const KPlaneStore& planes, const Scheme& scheme, const KGrid&, const at::Tensor&) {
    return planes.to_weight(scheme);
  }
};

class GgufType final : public DataType {
 public:
  bool handles(const Scheme& scheme) const override { return is_k_type(scheme); }
  QuantizedWeight round(const at::Tensor& weight, const Scheme& scheme, const QuantizeOptions& options) const override {
    return round_to_blocks(weight, scheme, options);
  }
  at::Tensor dequantize(const QuantizedWeight& weight, at::ScalarType dtype) const override {
    return dequantize_blocks(weight, dtype);
  }
  std::unique_ptr<WeightTuner> tuner(const at::Tensor& weight, const Scheme& scheme,
                                     const QuantizeOptions& options) const override {
    const KGrid grid = make_k_grid(scheme, weight.size(0), weight.size(1));
    return std::make_unique<RangeTuner<KRanges>>(weight, scheme, grid, options);
  }
  bool tunes_from_search(const Scheme&, ScaleType) const override { return true; }
};

}  // namespace

const DataType& gguf_type() {
  static const GgufType type;
  return type;
}

}  // namespace ar::quant
