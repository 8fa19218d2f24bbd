#pragma once

#include <boost/json/object.hpp>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// Every field under its name of cli.md section 4, which is also what a layer entry takes; group_size is [rows, columns]
/// for blocks, super_bits and super_group_size only where they are set.
boost::json::object scheme_json(const Scheme& scheme);

/// group_size alone, as above.
boost::json::value group_size_json(const Scheme& scheme);

}  // namespace ar::quant
