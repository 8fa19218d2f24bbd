#pragma once

#include <ATen/core/Tensor.h>

#include "core/quant/gguf_tuning.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::quant {

/// Storage for what `finish` writes of a K type: the snapshot of a layer's best iterate, or its result.
class KPlaneStore {
 public:
  explicit KPlaneStore(const KGrid& grid);
  KPlanes view() const;
  /// The planes as exporters get them; shares their storage.
  QuantizedWeight to_weight(const Scheme& scheme) const;

 private:
  KGrid grid_;
  at::Tensor codes_, super_scale_, super_min_, scale_codes_, min_codes_;
};

}  // namespace ar::quant
