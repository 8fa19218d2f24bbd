#pragma once

#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/plugin/search_path.hpp"

namespace ar::plugin {

class Slot;

/// kPlugin: what was wanted, which file from which place, the reason, where else was searched.
base::Error unusable_error(std::string_view name, const Slot& slot, const std::vector<Place>& places);

/// kUsage: the nearest known name, those that are there, those that are broken, where was searched.
base::Error unknown_error(ar_kind kind, std::string_view name, const std::vector<const Slot*>& known,
                          const std::vector<Place>& places);

}  // namespace ar::plugin
