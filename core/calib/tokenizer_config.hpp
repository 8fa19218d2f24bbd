#pragma once

#include <filesystem>

#include "core/calib/tokenizer.hpp"

namespace ar::calib {

/// Reads tokenizer_config.json, special_tokens_map.json and chat_template.{jinja,json}, each if there.
/// The ids stay empty: they need the vocabulary.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

/// Says which file is missing and what stands in its place.
[[noreturn]] void fail_without_tokenizer(const std::filesystem::path& folder);

}  // namespace ar::calib
