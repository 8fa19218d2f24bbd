#pragma once

#include <string_view>

#include "core/calib/jinja/ast.hpp"

namespace ar::jinja {

/// The statements of a template. Fails with the line on what is not understood.
NodeList parse_template(std::string_view source);

}  // namespace ar::jinja
