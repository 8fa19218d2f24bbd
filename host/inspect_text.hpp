#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "core/engine/inspect.hpp"

namespace ar::host {

/// Tables of tensors and of schemes, totals, loaders.
std::string inspection_text(const engine::Inspection& found);
/// The same as one object (docs/cli.md, "inspect").
boost::json::object inspection_json(const engine::Inspection& found);

}  // namespace ar::host
