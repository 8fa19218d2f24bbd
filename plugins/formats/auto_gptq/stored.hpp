#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/int_layers.hpp"

namespace ar::formats {

/// A checkpoint with `quant_method` "gptq", whoever wrote it. Throws ar::Error naming what is not read.
Scheme gptq_stored_scheme(const boost::json::object& config, const std::string& layer);
/// GPTQ v1 stores zero points less one; `checkpoint_format` "gptq_v2" as they are.
IntLayout gptq_stored_layout(const boost::json::object& config);

}  // namespace ar::formats
