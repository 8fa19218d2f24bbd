#pragma once

#include <boost/json/object.hpp>

namespace ar::formats {

/// quantization_config as GPTQ's readers know it (README.md). Empty when the scheme quantizes nothing.
boost::json::object gptq_config(const boost::json::object& plan);

}  // namespace ar::formats
