#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// Reading the quantization_config of a checkpoint, which anyone may have written.

/// A text member; "" when it is absent or no text.
std::string text_of(const boost::json::object& config, const char* key);

/// std::regex_search, or std::regex_match with `whole`. Throws ar::Error naming `where` when the pattern is not a
/// regular expression.
bool matches(const std::string& pattern, const std::string& name, const std::string& where, bool whole = false);

/// What an auto-round config says of one layer: the model's scheme, and over it the entry of extra_config that names
/// the layer or whose pattern is found in its name.
Scheme configured_scheme(const boost::json::object& config, const std::string& layer);
/// The model's scheme alone.
Scheme configured_scheme(const boost::json::object& config);
/// Whether extra_config has an entry for the layer's exact name.
bool has_own_entry(const boost::json::object& config, const std::string& layer);

}  // namespace ar::formats
