#pragma once

#include <string>

#include "core/quant/quantized_weight.hpp"

namespace ar::engine {

/// Checks planes that came from a file before anything computes with them: their presence, types, shapes and values
/// against the scheme and out x in. Fails naming the layer and the plane.
void check_planes(const quant::QuantizedWeight& weight, const std::string& layer);

}  // namespace ar::engine
