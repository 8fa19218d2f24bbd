#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "core/quant/scheme.hpp"

namespace ar::model {

/// The settings of one name or pattern, completed from the global scheme.
struct LayerEntry {
  quant::Scheme scheme;
  std::optional<std::string> scale_dtype;
  bool ignored = false;  // from --ignore_layers or a predefined rule
};

/// A preset name, or an object of scheme fields (cli.md 5.2). Refuses unknown keys and wrong values, naming the layer.
LayerEntry read_layer_entry(const std::string& layer, const boost::json::value& value, const quant::Scheme& global);

/// What --ignore_layers writes: nothing is quantized.
LayerEntry ignored_entry(const quant::Scheme& global);

/// What differs from the global scheme, in the order of the scheme's fields (formats.md 4.2).
boost::json::object differing_fields(const quant::Scheme& scheme, const quant::Scheme& global);
/// All fields, unset ones as null: the entry of a quantized layer outside the blocks.
boost::json::object all_fields(const quant::Scheme& scheme);

}  // namespace ar::model
