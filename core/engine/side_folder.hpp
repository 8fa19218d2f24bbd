#pragma once

#include <filesystem>

#include "core/engine/options.hpp"

namespace ar::engine {

/// Where the tokenizer and whatever else travels with a model lie: in its folder; for a model in one file in
/// --tokenizer, else in the folder the file lies in. Refuses a folder without a tokenizer.
std::filesystem::path side_folder(const RunOptions& options);

}  // namespace ar::engine
