#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// quantization_config as AWQ's readers know it (README.md). Empty when the scheme quantizes nothing.
boost::json::object awq_config(const boost::json::object& plan);

/// What a checkpoint with `quant_method` "awq" stores of every layer. Throws ar::Error naming what is not read.
Scheme awq_stored_scheme(const boost::json::object& config);

}  // namespace ar::formats
