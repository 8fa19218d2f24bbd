#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace ar::formats {

/// Reading the quantization_config of a checkpoint, which anyone may have written.

/// A text member; "" when it is absent or no text.
std::string text_of(const boost::json::object& config, const char* key);

/// std::regex_search, or std::regex_match with `whole`. Throws ar::Error naming `where` when the pattern is not a
/// regular expression.
bool matches(const std::string& pattern, const std::string& name, const std::string& where, bool whole = false);

}  // namespace ar::formats
