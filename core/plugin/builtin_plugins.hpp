#pragma once

#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::plugin {

/// The linked-in plugins. Written by the build (cmake/builtin_plugins.cpp.in); empty when they are shared objects.
std::vector<Builtin> builtin_plugins();

}  // namespace ar::plugin
