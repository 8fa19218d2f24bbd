#pragma once

#include "core/quant/data_type.hpp"

namespace ar::quant {

const DataType& int_type();  // whole numbers with an integer zero point (data_types.md 4)

}  // namespace ar::quant
