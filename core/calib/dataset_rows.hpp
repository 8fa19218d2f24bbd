#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/calib/dataset_spec.hpp"
#include "core/calib/tokenizer.hpp"

namespace ar::calib {

using Rows = std::vector<std::vector<std::int32_t>>;

/// True when the last token of a row fills more than half of it: padding or a stuck text.
bool repeats_last_token(const std::vector<std::int32_t>& row);

/// Tokenises the texts in order, concatenates if asked to, and keeps the usable rows of `seqlen` tokens.
/// Stops once there are `limit` of them.
Rows make_rows(const std::vector<std::string>& texts, const SourceSpec& source, const Tokenizer& tokenizer,
               std::size_t seqlen, std::size_t limit);

}  // namespace ar::calib
