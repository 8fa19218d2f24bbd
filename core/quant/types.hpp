#pragma once

#include "core/quant/data_type.hpp"

namespace ar::quant {

const DataType& int_type();  // whole numbers with an integer zero point (data_types.md 4)
const DataType& mx_type();   // microscaling: E8M0 scales (data_types.md 5)
const DataType& nv_type();   // FP4 with eight-bit float scales: NVFP4 and its E5M3 form (data_types.md 6)
const DataType& fp8_type();  // FP8 per tensor, row, group and 2-D block (data_types.md 7)
const DataType& gguf_type();  // two-level types of GGUF (data_types.md 9)

}  // namespace ar::quant
