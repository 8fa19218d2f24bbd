#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// What a compressed-tensors config says of one layer: the group that names it or finds it with "re:", else the group
/// for its class, Linear. Throws ar::Error naming what is not read.
Scheme compressed_stored_scheme(const boost::json::object& config, const std::string& layer);

}  // namespace ar::formats
