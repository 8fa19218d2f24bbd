#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ar::plugin {

/// The known name with the fewest edits, when a typo could explain it; else "".
std::string nearest_name(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace ar::plugin
