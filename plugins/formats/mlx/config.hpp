#pragma once

#include <set>
#include <string>

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// "quantization" of config.json: group_size, bits, then each quantized layer with its own, and false for what MLX
/// would look for but is left alone.
boost::json::object mlx_quantization(const boost::json::object& plan, const std::set<std::string>& left_alone);

/// What upstream's own loader reads of the format auto_round:mlx.
boost::json::object auto_round_mlx_config(const boost::json::object& plan);

/// config.json of the source as mlx-lm wants it: rope_parameters in its older, flat spelling.
boost::json::object mlx_model_config(boost::json::object config);

/// A config as mlx writes it, with no quant_method, or upstream's auto_round:mlx.
bool owns_mlx_config(const boost::json::object& config);
/// What the config says of one layer.
Scheme mlx_stored_scheme(const boost::json::object& config, const std::string& layer);

}  // namespace ar::formats
