#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace ar::plugin {

/// Calls open(0) .. open(n-1) in a forked child, so that a library whose start-up code crashes, exits or hangs does so
/// there. Returns one text per item, "" for those that came back; an exception counts as coming back.
/// The child has neither stdout nor stderr. When no child can be made, everything counts as survived.
std::vector<std::string> try_in_child(std::size_t n, const std::function<void(std::size_t)>& open);

}  // namespace ar::plugin
