#pragma once

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// quantization_config as the fp8 readers of transformers, vLLM and SGLang know it (README.md).
boost::json::object fp8_config(const boost::json::object& plan);

/// What a checkpoint with `quant_method` "fp8" stores of a layer. Throws ar::Error naming what is not read.
Scheme fp8_stored_scheme(const boost::json::object& config);

}  // namespace ar::formats
