#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace ar::formats {

/// Text as Python's json.dumps(value, indent=2, sort_keys=...): the same line breaks, the shortest digits of a float in
/// repr's notation, non-ASCII letters escaped; no newline at the end.
std::string python_json(const boost::json::value& value, bool sort_keys);

}  // namespace ar::formats
