#include "core/quant/int_grid.hpp"

#include "core/base/error.hpp"
#include "core/tensor/real.hpp"

namespace ar::quant {

float round_scale(float x, ScaleType type) {
  switch (type) {
    case ScaleType::kF16: return tensor::round_to_f16(x);
    case ScaleType::kBf16: return tensor::round_to_bf16(x);
    case ScaleType::kF32: break;
  }
  return x;
}

IntGrid make_grid(const Scheme& scheme, int64_t out, int64_t in, ScaleType scale_type) {
  if (scheme.bits < 2 || scheme.bits > 8) base::refuse("bits {}: integer weights take 2 to 8 bits", scheme.bits);
  if (scheme.group_size_rows != 0)
    base::refuse("group_size [{}, {}]: integer weights take one number", scheme.group_size_rows, scheme.group_size);
  if (scheme.group_size < -1) base::refuse("group_size {}: accepted are -1, 0 and above", scheme.group_size);
  IntGrid grid;
  grid.bits = scheme.bits;
  grid.sym = scheme.sym;
  grid.real_zero = scheme.data_type == "int_asym_float_zp";
  grid.scale_type = scale_type;
  grid.scale_floor = scale_type == ScaleType::kF32 ? 1e-8f : round_scale(1e-5f, scale_type);
  const bool whole = scheme.group_size == 0;
  grid.rows = whole ? 1 : out;
  grid.cols = whole ? out * in : in;
  const bool whole_row = scheme.group_size <= 0 || scheme.group_size > in;
  grid.group = whole_row ? grid.cols : scheme.group_size;
  return grid;
}

}  // namespace ar::quant
