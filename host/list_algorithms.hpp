#pragma once

#include <string>
#include <vector>

namespace ar::host {

/// "alg", "algs", "algorithm", "algorithms"
bool names_algorithms(const std::string& item);

/// `auto-round list alg [NAME]`. Returns the exit status.
int list_algorithms(const std::vector<std::string>& names);

}  // namespace ar::host
