#include "core/quant/boundary_scheme.hpp"

namespace ar::quant {

ar_scheme boundary_scheme(const Scheme& s, const char* name) {
  ar_scheme b{};
  b.struct_size = sizeof b;
  b.name = name;
  b.bits = s.bits;
  b.group_size = static_cast<int32_t>(s.group_size);
  b.group_size_rows = static_cast<int32_t>(s.group_size_rows);
  b.sym = s.sym ? 1 : 0;
  b.data_type = s.data_type.c_str();
  b.act_bits = s.act_bits;
  b.act_group_size = static_cast<int32_t>(s.act_group_size);
  b.act_sym = s.act_sym ? 1 : 0;
  b.act_dynamic = s.act_dynamic ? 1 : 0;
  b.act_data_type = s.act_data_type.c_str();
  b.super_bits = s.super_bits.value_or(0);
  b.super_group_size = s.super_group_size.value_or(0);
  return b;
}

}  // namespace ar::quant
