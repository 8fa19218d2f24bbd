#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "packing.hpp"

namespace ar::formats {

/// quantization_config of a run: the plan's keys, then autoround_version, block_name_to_quantize, quant_method,
/// packing_format and extra_config (formats.md 4.2). Empty when the scheme quantizes nothing.
boost::json::object quantization_config(const boost::json::object& plan, Packing packing);

/// The element type config.json announces where it differs from the stored one; "" = the same. AWQ kernels compute in
/// float16 only.
const char* announced_dtype(Packing packing);

/// True when a checkpoint with this quantization_config is one this plugin reads.
bool owns_config(const boost::json::object& config);
/// Throws ar::Error naming the value when the config is not one this plugin reads.
Packing stored_packing(const boost::json::object& config);
/// What was stored of one layer: extra_config by exact name, then by the first pattern that matches, then the globals.
IntLayout stored_layout(const boost::json::object& config, const std::string& layer);

}  // namespace ar::formats
