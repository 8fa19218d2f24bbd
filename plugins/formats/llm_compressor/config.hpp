#pragma once

#include <boost/json/object.hpp>

namespace ar::formats {

/// quantization_config as compressed-tensors knows it (README.md). Empty when the scheme quantizes nothing.
boost::json::object compressed_config(const boost::json::object& plan);

}  // namespace ar::formats
