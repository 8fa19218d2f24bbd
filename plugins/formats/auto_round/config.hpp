#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "backend.hpp"

namespace ar::formats {

/// quantization_config of a run: the plan's keys, then what the layout adds, in upstream's order (README.md). Empty
/// when the scheme quantizes nothing.
boost::json::object quantization_config(const boost::json::object& plan, const Backend& backend);

/// The element type config.json announces where it differs from the stored one; "" = the same. AWQ kernels compute in
/// float16 only, those that quantize activations to fp8 in bfloat16.
const char* announced_dtype(const boost::json::object& plan, const Backend& backend);

}  // namespace ar::formats
