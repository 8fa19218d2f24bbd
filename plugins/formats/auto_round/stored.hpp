#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "backend.hpp"

namespace ar::formats {

/// True when a checkpoint with this quantization_config is one this plugin reads.
bool owns_config(const boost::json::object& config);
/// What was stored of one layer: extra_config by exact name, then by the first pattern that matches, then the globals.
/// Throws ar::Error naming the value when no layer can be stored like that.
Scheme stored_scheme(const boost::json::object& config, const std::string& layer);
/// The layout of the config's packing_format for layers of this kind, or ar::Error naming it.
const Backend& required_backend(const boost::json::object& config, const Scheme& scheme);

}  // namespace ar::formats
