#include "core/quant/gguf_planes.hpp"

#include <ATen/ops/empty.h>

namespace ar::quant {

KPlaneStore::KPlaneStore(const KGrid& grid)
    : grid_(grid),
      codes_(at::empty({grid.rows, grid.cols}, at::kByte)),
      super_scale_(at::empty({grid.rows, grid.supers()}, at::kFloat)),
      scale_codes_(at::empty({grid.rows, grid.cols / grid.group()}, at::kByte)) {
  if (grid.sym) return;
  super_min_ = at::empty({grid.rows, grid.supers()}, at::kFloat);
  min_codes_ = at::empty({grid.rows, grid.cols / grid.group()}, at::kByte);
}

KPlanes KPlaneStore::view() const {
  return {codes_.mutable_data_ptr<uint8_t>(), super_scale_.mutable_data_ptr<float>(),
          grid_.sym ? nullptr : super_min_.mutable_data_ptr<float>(), scale_codes_.mutable_data_ptr<uint8_t>(),
          grid_.sym ? nullptr : min_codes_.mutable_data_ptr<uint8_t>()};
}

QuantizedWeight KPlaneStore::to_weight(const Scheme& scheme) const {
  QuantizedWeight weight;
  weight.scheme = scheme;
  weight.out = grid_.rows;
  weight.in = grid_.cols;
  weight.codes = codes_;
  weight.super_scale = super_scale_;
  weight.super_min = super_min_;
  weight.scale_codes = scale_codes_;
  weight.min_codes = min_codes_;
  return weight;
}

}  // namespace ar::quant
