#include "core/quant/gguf_grid.hpp"

#include "core/base/error.hpp"

namespace ar::quant {

bool is_k_type(const Scheme& scheme) {
  if (scheme.data_type == "int_asym_dq") return scheme.bits == 2 || scheme.bits == 4 || scheme.bits == 5;
  return scheme.data_type == "int_sym_dq" && (scheme.bits == 3 || scheme.bits == 6);
}

KGrid make_k_grid(const Scheme& scheme, int64_t out, int64_t in) {
  if (!is_k_type(scheme))
    base::refuse("data type {} of {} bits: int_asym_dq takes 2, 4 or 5 bits, int_sym_dq 3 or 6", scheme.data_type,
                 scheme.bits);
  if (in % kSuperBlock != 0)
    base::refuse("in_features {}: {} of {} bits takes multiples of {}", in, scheme.data_type, scheme.bits, kSuperBlock);
  KGrid grid;
  grid.bits = scheme.bits;
  grid.sym = scheme.data_type == "int_sym_dq";
  grid.rows = out;
  grid.cols = in;
  if (scheme.group_size != grid.group())
    base::refuse("group_size {}: {} of {} bits takes {}", scheme.group_size, scheme.data_type, scheme.bits,
                 grid.group());
  if (scheme.super_bits.value_or(grid.super_bits()) != grid.super_bits())
    base::refuse("super_bits {}: {} of {} bits takes {}", *scheme.super_bits, scheme.data_type, scheme.bits,
                 grid.super_bits());
  if (scheme.super_group_size.value_or(static_cast<int>(grid.groups())) != grid.groups())
    base::refuse("super_group_size {}: {} of {} bits takes {}", *scheme.super_group_size, scheme.data_type, scheme.bits,
                 grid.groups());
  return grid;
}

}  // namespace ar::quant
